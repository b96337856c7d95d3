import { isJsonMap, semanticEqual } from '../values/manifest-json.ts'

/**
 * Applies a JSON merge patch (RFC 7386): `null` removes a field, objects are merged, everything else replaces.
 * As in the library of Velero and the API server, objects inside lists lose their `null` fields too, unless the list
 * takes the place of an object. The target is not changed; what the patch leaves alone is shared with the result.
 */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (Array.isArray(patch) && !isJsonMap(target)) return patch.map(withoutNullFields)
  if (!isJsonMap(patch)) return patch
  const merged = new Map(isJsonMap(target) ? Object.entries(target) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key)
    else merged.set(key, applyMergePatch(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}

/**
 * The merge patch that turns one object into the other, or undefined where they are the same. Lists are replaced whole
 * and what is only in the first becomes `null`, which is what Velero sends to the API server. A field that is to *be*
 * `null` cannot be said in a merge patch: it is removed instead.
 */
export function makeMergePatch(
  from: Record<string, unknown>,
  to: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const patch = new Map<string, unknown>()
  for (const [key, before] of Object.entries(from)) {
    const change = Object.hasOwn(to, key) ? changeOf(before, to[key]) : { to: null }
    if (change) patch.set(key, change.to)
  }
  for (const [key, value] of Object.entries(to)) if (!Object.hasOwn(from, key)) patch.set(key, value)
  return patch.size > 0 ? Object.fromEntries(patch) : undefined
}

function withoutNullFields(element: unknown): unknown {
  return applyMergePatch(undefined, element)
}

function changeOf(before: unknown, after: unknown): { to: unknown } | undefined {
  if (isJsonMap(before) && isJsonMap(after)) {
    const patch = makeMergePatch(before, after)
    return patch && { to: patch }
  }
  return semanticEqual(before, after) ? undefined : { to: after }
}
