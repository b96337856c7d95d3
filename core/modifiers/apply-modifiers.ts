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

/** An item on its way back, and the rules of the restore. */
export interface ModifyInput {
  /** As the actions left it; its namespace is still the backup's. */
  item: Manifest
  /** As the item was selected, whatever an action made of it. */
  groupResource: GroupResource
  modifiers: ResourceModifiers
}

/** The item as the rules left it. Errors do not stop it: it is restored nevertheless, as in Velero. */
export interface ModifyResult {
  item: Manifest
  errors: string[]
}

/** The name of Velero's scheme in its messages. */
const schemeName = 'pkg/cmd/server/server.go:234'

const compiled = new WeakMap<ResourceModifiers, ReturnType<typeof compileConditions>[]>()

/**
 * Applies the user's rules in order. The conditions of every rule look at the item as it came, the patches build on
 * each other; a rule applies whole or not at all, and one that fails does not stop the next. The input is not changed.
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

/** Patterns and selectors are compiled once per set of rules, not once per item. */
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

/** The text of a merge patch as JSON; no text at all is `null`. Of repeated keys the last one wins, as in Velero. */
function readPatch(text: string): { value: unknown } | { error: string } {
  const read = readYaml(text, { scalars: 'json', repeatedKeys: 'last wins' })
  return 'error' in read ? { error: `error in converting YAML to JSON ${read.error}` } : { value: read.value ?? null }
}

/** A `test` that fails skips the rule without a word; a path that is not there is an error. */
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

/** A patch may not take away what makes an item an item. */
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
