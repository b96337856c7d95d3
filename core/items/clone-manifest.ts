/**
 * A deep copy of JSON data whose leaves may be `JSON.rawJSON` objects: integers beyond 2^53 are kept as their digits.
 * `structuredClone` would turn those into plain objects, and the number would be written as `{"rawJSON": …}`.
 */
export function cloneManifest<T>(value: T): T {
  return cloneValue(value) as T
}

function cloneValue(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || JSON.isRawJSON(value)) return value
  if (Array.isArray(value)) return value.map(cloneValue)
  const copy: Record<string, unknown> = {}
  for (const [key, field] of Object.entries(value)) setOwn(copy, key, cloneValue(field))
  return copy
}

/** A key named `__proto__` is data like any other; assigning it would set the prototype instead. */
function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    target[key] = value
  }
}
