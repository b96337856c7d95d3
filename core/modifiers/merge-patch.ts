import { isJsonMap, semanticEqual } from '../values/manifest-json.ts'

/**
 * Applies a JSON merge patch (RFC 7386): `null` removes a field, objects are merged, other values replace. As in the
 * library of Velero and the API server, `null` fields of objects in lists are removed too, unless the list replaces an
 * object. The target is not changed; the result shares the parts of it that the patch does not change.
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
 * The merge patch that changes the first object into the second, or undefined if they are equal. Lists are replaced,
 * and fields that only the first has become `null`, as in the patches of Velero. A merge patch cannot set a field to
 * `null`, so such a field is removed.
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
