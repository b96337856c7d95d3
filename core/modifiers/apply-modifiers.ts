import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { kindOf } from '../values/decode-shape.ts'
import { goPrint } from '../values/go-text.ts'
import { isJsonMap } from '../values/manifest-json.ts'
import { readYaml } from '../values/yaml.ts'
import { applyJsonPatch, JsonPatchError } from './json-patch.ts'
import { compileConditions } from './match-modifier.ts'
import { applyMergePatch } from './merge-patch.ts'
import type { ModifierRule, ResourceModifiers } from './parse-modifiers.ts'
import { readPatchText } from './patch-text.ts'
import { applyStrategicMergePatch, StrategicPatchError } from './strategic-merge-patch.ts'
import { strategicSchemaOf } from './strategic-schema.ts'

/** The item to change, and the rules of the restore. */
export interface ModifyInput {
  /** The item after the item actions. Its namespace is that of the backup. */
  item: Manifest
  /** The resource under which the item was selected, also if an action changed its kind. */
  groupResource: GroupResource
  modifiers: ResourceModifiers
}

/** The changed item and the errors of rules. An item with errors is restored too, as in Velero. */
export interface ModifyResult {
  item: Manifest
  errors: string[]
}

/** The name of Velero's scheme in its messages. */
const schemeName = 'pkg/cmd/server/server.go:234'

const compiled = new WeakMap<ResourceModifiers, ReturnType<typeof compileConditions>[]>()

/**
 * Applies the user's rules in order. Each rule's conditions are checked with the original item, its patches are applied
 * to the result of the previous rule. A rule applies completely or not at all, and the next one runs also if it fails.
 * The input is not changed.
 */
export function applyModifiers({ item, groupResource, modifiers }: ModifyInput): ModifyResult {
  const errors: string[] = []
  let modified = item
  for (const [index, check] of checksOf(modifiers).entries()) {
    const rule = modifiers.rules[index]
    const match = check(item, groupResource)
    if ('error' in match) errors.push(match.error)
    if ('error' in match || !match.matches || !rule) continue
    const result = applyRule(modified, rule)
    if ('error' in result) errors.push(result.error)
    else modified = result.item
  }
  return { item: modified, errors }
}

/** The compiled conditions of the rules, cached: they are needed for each item. */
function checksOf(modifiers: ResourceModifiers): ReturnType<typeof compileConditions>[] {
  const known = compiled.get(modifiers)
  if (known) return known
  const checks = modifiers.rules.map(({ conditions }) => compileConditions(conditions))
  compiled.set(modifiers, checks)
  return checks
}

type Applied = { item: Manifest } | { error: string }

function applyRule(item: Manifest, rule: ModifierRule): Applied {
  if (rule.patches.length + rule.mergePatches.length + rule.strategicPatches.length === 0) {
    return { error: 'no patch data found' }
  }
  const applied = applyPatchesOf(item, rule)
  return 'error' in applied ? { error: `error in applying patch ${applied.error}` } : applied
}

function applyPatchesOf(item: Manifest, rule: ModifierRule): Applied {
  if (rule.patches.length > 0) return applyPatches(item, rule)
  if (rule.mergePatches.length > 0) return applyMergePatches(item, rule.mergePatches)
  return applyStrategicPatches(item, rule.strategicPatches)
}

/** Reads a merge patch in YAML; an empty text is `null`. If a key is repeated, the last one wins, as in Velero. */
function readPatch(text: string): { value: unknown } | { error: string } {
  const read = readYaml(text, { scalars: 'json', repeatedKeys: 'last wins' })
  return 'error' in read ? { error: `error in converting YAML to JSON ${read.error}` } : { value: read.value ?? null }
}

/** If a `test` fails, the rule is skipped without an error. A missing path is an error. */
function applyPatches(item: Manifest, { patches }: ModifierRule): Applied {
  try {
    return checkItem(applyJsonPatch(item, readPatchText(patches)))
  } catch (thrown) {
    if (!(thrown instanceof JsonPatchError)) throw thrown
    return thrown.kind === 'test' ? { item } : { error: `error in applying JSON Patch ${thrown.message}` }
  }
}

function applyMergePatches(item: Manifest, patches: readonly string[]): Applied {
  let merged: unknown = item
  for (const text of patches) {
    const patch = readPatch(text)
    if ('error' in patch) return patch
    if (merged === null) return { error: 'error in applying JSON Patch: Invalid JSON Document' }
    merged = applyMergePatch(merged, patch.value)
  }
  return checkItem(merged)
}

function applyStrategicPatches(item: Manifest, patches: readonly string[]): Applied {
  const schema = strategicSchemaOf(item.apiVersion, item.kind)
  if (!schema) {
    return { error: `no kind "${item.kind}" is registered for version "${item.apiVersion}" in scheme "${schemeName}"` }
  }
  let merged: Manifest = item
  for (const text of patches) {
    const patch = readPatch(text)
    if ('error' in patch) return patch
    if (patch.value === null) continue
    if (!isJsonMap(patch.value)) {
      return strategicError(noObject(patch.value))
    }
    try {
      const result = applyStrategicMergePatch(merged, patch.value, schema)
      const fault = kindFault(result)
      if (fault !== undefined) {
        return strategicError(` "" is invalid: patch: Invalid value: ${JSON.stringify(goPrint(patch.value))}: ${fault}`)
      }
      merged = result as Manifest
    } catch (thrown) {
      if (thrown instanceof StrategicPatchError) return strategicError(thrown.message)
      throw thrown
    }
  }
  return { item: merged }
}

function strategicError(message: string): Applied {
  return { error: `error in applying Strategic Patch ${message}` }
}

/** Refuses a patched item that is not an object or has no kind. */
function checkItem(patched: unknown): Applied {
  const prefix = 'error in unmarshalling modified object'
  if (patched !== null && !isJsonMap(patched)) return { error: `${prefix} ${noObject(patched)}` }
  const fault = kindFault(patched)
  return fault === undefined ? { item: patched as unknown as Manifest } : { error: `${prefix} ${fault}` }
}

function kindFault(patched: Record<string, unknown> | null): string | undefined {
  const kind = patched?.['kind']
  return typeof kind === 'string' && kind !== '' ? undefined : "Object 'Kind' is missing in the patched item"
}

function noObject(value: unknown): string {
  return `expected an object, found ${kindOf(value)}`
}
