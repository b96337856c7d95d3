import { goPrint, goTypeOf } from './go-text.ts'
import { isJsonMap } from './manifest-json.ts'

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

/**
 * A field as Kubernetes' accessors read it where Velero does: absent is no error, another type than the wanted one is,
 * and the message is theirs, because it ends in the results of the restore.
 */
export function accessField<Kind extends keyof Wanted>(
  object: unknown,
  path: readonly string[],
  kind: Kind,
): FieldAccess<Wanted[Kind]> {
  const where = path.map((key) => `.${key}`).join('')
  let at = object
  for (const key of path) {
    if (!isJsonMap(at)) return { error: accessorError(where, at, goNames.map) }
    if (!Object.hasOwn(at, key)) return { found: false }
    at = at[key]
  }
  if (!isWanted[kind](at)) return { error: accessorError(where, at, goNames[kind]) }
  return { found: true, value: at as Wanted[Kind] }
}

/** What became of a look at a field. */
export type FieldAccess<T> = { found: true; value: T } | { found: false } | { error: string }

interface Wanted {
  list: unknown[]
  map: Fields
  number: number
}

const isWanted: Record<keyof Wanted, (value: unknown) => boolean> = {
  list: Array.isArray,
  map: isJsonMap,
  number: (value) => typeof value === 'number',
}

/** As the accessors write them, which is not how Go prints a type. */
const goNames: Record<keyof Wanted, string> = {
  list: '[]interface{}',
  map: 'map[string]interface{}',
  number: 'float64',
}

function accessorError(where: string, value: unknown, wanted: string): string {
  return `${where} accessor error: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`
}
