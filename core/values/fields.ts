import { isJsonMap } from '../items/deep-equal.ts'

/**
 * Reading fields of a manifest whose shape nobody has checked. A field that is missing or of another type is `undefined`:
 * the API server is the judge of malformed objects, an action only leaves alone what it cannot read.
 */
export type Fields = Record<string, unknown>

/** The object at a path, live: writing to it changes the manifest it was read from. */
export function fieldsAt(value: unknown, ...path: string[]): Fields | undefined {
  const found = valueAt(value, ...path)
  return isJsonMap(found) ? found : undefined
}

/** The list at a path, live; empty if there is none. */
export function listAt(value: unknown, ...path: string[]): unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The objects in the list at a path, live. */
export function objectsAt(value: unknown, ...path: string[]): Fields[] {
  return listAt(value, ...path).filter(isJsonMap)
}

/** The text at a path; empty if there is none, as Go reads an absent string. */
export function textAt(value: unknown, ...path: string[]): string {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

/** Whatever stands at a path. Only own fields count, so a key such as `constructor` is no field by accident. */
export function valueAt(value: unknown, ...path: string[]): unknown {
  let at = value
  for (const key of path) {
    if (!isJsonMap(at) || !Object.hasOwn(at, key)) return undefined
    at = at[key]
  }
  return at
}

/** The annotation of that name; undefined if the object has none. */
export function annotationOf(manifest: unknown, key: string): string | undefined {
  const value = valueAt(manifest, 'metadata', 'annotations', key)
  return typeof value === 'string' ? value : undefined
}

/** Drops a field that has become an empty object or list, so that the item equals one that never had it. */
export function dropIfEmpty(parent: Fields | undefined, key: string): void {
  if (parent === undefined) return
  const value = parent[key]
  if (Array.isArray(value) ? value.length === 0 : isJsonMap(value) && Object.keys(value).length === 0)
    delete parent[key]
}
