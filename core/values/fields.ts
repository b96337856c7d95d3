import { goPrint, goTypeOf } from './go-text.ts'
import { isJsonMap } from './manifest-json.ts'

/**
 * An object inside a manifest whose shape nobody has checked. The functions below read a field that is missing or of
 * another type as absent: the API server decides about malformed objects, and an action leaves such fields alone.
 */
export type Fields = Record<string, unknown>

/** The object at a path, not a copy: a change of it changes the manifest. Undefined if there is none. */
export function fieldsAt(value: unknown, ...path: string[]): Fields | undefined {
  const found = valueAt(value, ...path)
  return isJsonMap(found) ? found : undefined
}

/** The list at a path, not a copy; empty if there is none. */
export function listAt(value: unknown, ...path: string[]): unknown[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found : []
}

/** The objects in the list at a path, not copies; elements of other types are left out. */
export function objectsAt(value: unknown, ...path: string[]): Fields[] {
  return listAt(value, ...path).filter(isJsonMap)
}

/** The text at a path; the empty string if there is none, as in Go. */
export function textAt(value: unknown, ...path: string[]): string {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : ''
}

/**
 * The value at a path; undefined if there is none. Only own fields count: an object has no field `constructor` by
 * itself.
 */
export function valueAt(value: unknown, ...path: string[]): unknown {
  let at = value
  for (const key of path) {
    if (!isJsonMap(at) || !Object.hasOwn(at, key)) return undefined
    at = at[key]
  }
  return at
}

/** The annotation with that key; undefined if the object has none. */
export function annotationOf(manifest: unknown, key: string): string | undefined {
  const value = valueAt(manifest, 'metadata', 'annotations', key)
  return typeof value === 'string' ? value : undefined
}

/** Removes a field that is an empty object or list, so that the item equals one that never had the field. */
export function dropIfEmpty(parent: Fields | undefined, key: string): void {
  if (parent === undefined) return
  const value = parent[key]
  if (Array.isArray(value) ? value.length === 0 : isJsonMap(value) && Object.keys(value).length === 0)
    delete parent[key]
}

/**
 * Reads a field as the accessors of Kubernetes' package `unstructured` do. An absent field is no error; a field of
 * another type is an error with their message, since Velero writes that into the results of the restore.
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

/** The value of a field, its absence, or the error of the accessor. */
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

/** Names of types in the accessors' messages. They differ from how Go prints a type. */
const goNames: Record<keyof Wanted, string> = {
  list: '[]interface{}',
  map: 'map[string]interface{}',
  number: 'float64',
}

function accessorError(where: string, value: unknown, wanted: string): string {
  return `${where} accessor error: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected ${wanted}`
}
