import { cloneManifest, isJsonMap } from '../values/manifest-json.ts'

/**
 * What a strategic merge patch adds where nothing stood: without nulls, and without objects that carry `$patch`.
 * Undefined where that is nothing.
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
