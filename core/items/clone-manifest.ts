import { isJsonMap } from './deep-equal.ts'

/**
 * A deep copy of JSON data in which a number kept as `JSON.rawJSON` stays one.
 * `structuredClone` would turn such a leaf into a plain object, and it would be written as `{"rawJSON": …}`.
 */
export function cloneManifest<T>(value: T): T {
  return cloneValue(value) as T
}

function cloneValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(cloneValue)
  if (!isJsonMap(value)) return value
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
