import type { Manifest } from '../../velero/manifest.ts'
import type { LabelSelector } from '../../velero/restore.ts'
import { decodeShape } from '../values/decode-shape.ts'
import type { Shape } from '../values/decode-shape.ts'
import { readYaml } from '../values/yaml.ts'

/** The user's rules for changing items on their way back, as their ConfigMap holds them. */
export interface ResourceModifiers {
  version: string
  rules: readonly ModifierRule[]
}

/** One rule: for which items, and what is done to them. At most one of the three lists has patches. */
export interface ModifierRule {
  conditions: ModifierConditions
  patches: readonly ModifierPatch[]
  mergePatches: readonly string[]
  strategicPatches: readonly string[]
}

export interface ModifierConditions {
  /** A glob with `.` as its separator. */
  groupResource: string
  /** An RE2 expression that may match anywhere in the name; empty for any name. */
  resourceNameRegex: string
  /** Globs for the namespace in the backup. */
  namespaces: readonly string[]
  labelSelector?: LabelSelector
  matches: readonly { path: string; value: string }[]
}

/** A step of a JSON patch (RFC 6902) whose value is still the text of the configuration. */
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

/** Reads the ConfigMap of `spec.resourceModifier`, which holds one text under any name. Errors are in Velero's words. */
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

/** The first thing wrong with the rules, in Velero's words (the misspelling is Velero's); undefined where nothing is. */
export function validateModifiers(modifiers: ResourceModifiers): string | undefined {
  if (modifiers.version.toLowerCase() !== 'v1') return `unsupported resource modifier version ${modifiers.version}`
  if (modifiers.rules.length === 0) return 'resource modifier rules cannot be empty'
  return firstDefined(modifiers.rules, validateRule)
}

function validateRule(rule: ModifierRule): string | undefined {
  if (rule.conditions.groupResource === '') return 'groupkResource cannot be empty'
  const kinds = [rule.patches, rule.mergePatches, rule.strategicPatches].filter((patches) => patches.length > 0)
  if (kinds.length > 1) return 'only one of patches, mergePatches, strategicPatches can be specified'
  return firstDefined(rule.patches, validatePatch)
}

/** Any case of the operation passes here, though only lower case can be applied. */
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
