import type { Manifest } from '../../velero/manifest.ts'
import type { LabelSelector } from '../../velero/restore.ts'
import { decodeShape } from '../values/decode-shape.ts'
import type { Shape } from '../values/decode-shape.ts'
import { readYaml } from '../values/yaml.ts'
import { expressionSize } from './expression-size.ts'

/** The user's rules for changing items, from the ConfigMap of `spec.resourceModifier`. */
export interface ResourceModifiers {
  version: string
  rules: readonly ModifierRule[]
}

/** One rule: conditions for items, and patches for them. At most one of the three lists of patches is not empty. */
export interface ModifierRule {
  conditions: ModifierConditions
  patches: readonly ModifierPatch[]
  mergePatches: readonly string[]
  strategicPatches: readonly string[]
}

/** The conditions of a rule. All must match. */
export interface ModifierConditions {
  /** A glob with the separator `.`. */
  groupResource: string
  /** An RE2 expression that must match a part of the name; empty for any name. */
  resourceNameRegex: string
  /** Globs for the namespace in the backup. */
  namespaces: readonly string[]
  labelSelector?: LabelSelector
  matches: readonly { path: string; value: string }[]
}

/** An operation of a JSON patch (RFC 6902). Its value is the text from the configuration. */
export interface ModifierPatch {
  operation: string
  path: string
  from: string
  value: string
}

interface RawRule {
  conditions?: Partial<Omit<ModifierConditions, 'matches'>> & { matches?: { path?: string; value?: string }[] }
  patches?: Partial<ModifierPatch>[]
  mergePatches?: { patchData?: string }[]
  strategicPatches?: { patchData?: string }[]
}

const texts: Shape = { list: 'text' }
const modifiersShape: Shape = {
  fields: {
    version: 'text',
    resourceModifierRules: {
      list: {
        fields: {
          conditions: {
            fields: {
              namespaces: texts,
              groupResource: 'text',
              resourceNameRegex: 'text',
              labelSelector: {
                fields: {
                  matchLabels: { map: 'text' },
                  matchExpressions: { list: { fields: { key: 'text', operator: 'text', values: texts } } },
                },
              },
              matches: { list: { fields: { path: 'text', value: 'text' } } },
            },
          },
          patches: { list: { fields: { operation: 'text', from: 'text', path: 'text', value: 'text' } } },
          mergePatches: { list: { fields: { patchData: 'text' } } },
          strategicPatches: { list: { fields: { patchData: 'text' } } },
        },
      },
    },
  },
}

/**
 * Reads the ConfigMap of `spec.resourceModifier`, whose data has exactly one key with any name. Errors are in Velero's
 * words.
 */
export function parseModifiers(configMap: Manifest): { modifiers: ResourceModifiers } | { error: string } {
  const all = Object.values((configMap['data'] ?? {}) as Record<string, string>)
  const [text] = all
  if (text === undefined || all.length !== 1) {
    const { namespace = '', name } = configMap.metadata
    return { error: `illegal resource modifiers ${namespace}/${name} configmap` }
  }
  const read = readYaml(text, { scalars: 'text', repeatedKeys: 'refused' })
  const decoded = 'error' in read ? read : decodeShape(read.value, modifiersShape, { anyCase: true })
  if ('error' in decoded) {
    return { error: `failed to decode yaml data into resource modifiers, err: ${decoded.error}` }
  }
  const raw = (decoded.value ?? {}) as { version?: string; resourceModifierRules?: RawRule[] }
  return { modifiers: { version: raw.version ?? '', rules: (raw.resourceModifierRules ?? []).map(completeRule) } }
}

function completeRule(rule: RawRule): ModifierRule {
  const conditions = rule.conditions ?? {}
  return {
    conditions: {
      groupResource: conditions.groupResource ?? '',
      resourceNameRegex: conditions.resourceNameRegex ?? '',
      namespaces: conditions.namespaces ?? [],
      ...(conditions.labelSelector && { labelSelector: conditions.labelSelector }),
      matches: (conditions.matches ?? []).map(({ path = '', value = '' }) => ({ path, value })),
    },
    patches: (rule.patches ?? []).map(({ operation = '', path = '', from = '', value = '' }) => ({
      operation,
      path,
      from,
      value,
    })),
    mergePatches: (rule.mergePatches ?? []).map(({ patchData = '' }) => patchData),
    strategicPatches: (rule.strategicPatches ?? []).map(({ patchData = '' }) => patchData),
  }
}

/** The first error in the rules in Velero's words, `groupkResource` included; undefined if they are valid. */
export function validateModifiers(modifiers: ResourceModifiers): string | undefined {
  if (modifiers.version.toLowerCase() !== 'v1') return `unsupported resource modifier version ${modifiers.version}`
  if (modifiers.rules.length === 0) return 'resource modifier rules cannot be empty'
  return firstDefined(modifiers.rules, validateRule) ?? tooLarge(modifiers.rules)
}

/** All patterns of a restore together: compiled in a moment, and matched with each item. */
const patternsSizeMax = 50_000

/** An error that Velero does not have: some kilobytes of patterns such as `a{1000}` would block a worker for minutes. */
function tooLarge(rules: readonly ModifierRule[]): string | undefined {
  let size = 0
  for (const { conditions } of rules) {
    size += expressionSize(conditions.resourceNameRegex) + conditions.groupResource.length
    for (const pattern of conditions.namespaces) size += pattern.length
  }
  if (size <= patternsSizeMax) return undefined
  return `the patterns of all resource modifier rules together are too large: about ${size} steps, and at most ${patternsSizeMax} are allowed`
}

function validateRule(rule: ModifierRule): string | undefined {
  if (rule.conditions.groupResource === '') return 'groupkResource cannot be empty'
  const kinds = [rule.patches, rule.mergePatches, rule.strategicPatches].filter((patches) => patches.length > 0)
  if (kinds.length > 1) return 'only one of patches, mergePatches, strategicPatches can be specified'
  return firstDefined(rule.patches, validatePatch)
}

/** Accepts operations in any case, as Velero does, though only lower case can be applied later. */
function validatePatch({ operation, path }: ModifierPatch): string | undefined {
  if (operation === '') return 'operation cannot be empty'
  if (!['add', 'remove', 'replace', 'test', 'move', 'copy'].includes(operation.toLowerCase())) {
    return `unsupported operation ${operation}`
  }
  return path === '' ? 'path cannot be empty' : undefined
}

function firstDefined<T>(items: readonly T[], check: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const fault = check(item)
    if (fault !== undefined) return fault
  }
  return undefined
}
