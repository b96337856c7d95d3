import { isJsonMap } from '../items/deep-equal.ts'
import type { Fields } from '../values/fields.ts'

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
  return `${where} accessor error: ${goValue(value)} is of the type ${goType(value)}, expected ${wanted}`
}

/** A value as Go's `%v` prints it. */
function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`
  if (!isJsonMap(value)) return typeof value === 'string' ? value : JSON.stringify(value)
  const fields = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goValue(value[key])}`)
  return `map[${fields.join(' ')}]`
}

/** The Go type that a JSON value is decoded into; whole numbers of a manifest are int64 there. */
function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (isJsonMap(value)) return 'map[string]interface {}'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'number' && !Number.isInteger(value) ? 'float64' : 'int64'
}
