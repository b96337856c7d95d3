import { cloneManifest, isJsonMap } from '../values/manifest-json.ts'

/**
 * The value of a strategic merge patch for a field that does not exist: without nulls, and without objects that have
 * `$patch`. Undefined if nothing is left.
 */
export function withoutDirectives(value: unknown): { value: unknown } | undefined {
  if (Array.isArray(value)) {
    return { value: value.map(withoutDirectives).flatMap((kept) => (kept ? [kept.value] : [])) }
  }
  if (!isJsonMap(value)) return { value: cloneManifest(value) }
  if (Object.hasOwn(value, '$patch')) return undefined
  const kept = Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
    const inner = field === null ? undefined : withoutDirectives(field)
    return inner ? [[key, inner.value]] : []
  })
  return { value: Object.fromEntries(kept) }
}
