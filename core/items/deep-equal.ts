/**
 * Whether two objects of the API server say the same, by the rule Velero compares with before it writes: key order does
 * not matter, a missing key is not an empty value, and neither is `null` (Velero's "nil equals empty" is about typed
 * lists, which JSON does not have). A number kept as `JSON.rawJSON` because it exceeds 2^53 is one leaf, compared by its digits.
 */
export function semanticEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a)) return Array.isArray(b) && sameItems(a, b)
  if (isJsonMap(a)) return isJsonMap(b) && sameFields(a, b)
  return rawJsonText(a) !== undefined ? rawJsonText(a) === rawJsonText(b) : a === b
}

/** Whether a JSON value is an object with fields: no list, no `null`, no number kept as `JSON.rawJSON`. */
export function isJsonMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJson(value)
}

/** The digits of a number kept as `JSON.rawJSON`; undefined for anything else. */
export function rawJsonText(value: unknown): string | undefined {
  return isRawJson(value) ? value.rawJSON : undefined
}

/** `JSON.isRawJSON` is younger than the compiler's library of types. */
function isRawJson(value: unknown): value is { readonly rawJSON: string } {
  return (JSON as unknown as { isRawJSON(value: unknown): boolean }).isRawJSON(value)
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => semanticEqual(item, b[index]))
}

function sameFields(a: Record<string, unknown>, b: Record<string, unknown>): boolean {
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && semanticEqual(a[key], b[key]))
  )
}
