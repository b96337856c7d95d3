import { isJsonMap, rawJsonText } from '../items/deep-equal.ts'

/** A JSON value as Go's `%v` prints it, for messages that quote one: `map[a:[1 <nil>] b:x]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (!isJsonMap(value)) return rawJsonText(value) ?? String(value as string | number | boolean)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, field]) => `${key}:${goPrint(field)}`).join(' ')}]`
}

/** The type of a JSON value in Go's messages. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '%!s(<nil>)'
  if (Array.isArray(value)) return '[]interface {}'
  if (isJsonMap(value)) return 'map[string]interface {}'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return rawJsonText(value) !== undefined || Number.isInteger(value) ? 'int64' : 'float64'
}
