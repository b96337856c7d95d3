import { isJsonMap, rawJsonText } from './manifest-json.ts'

/** A JSON value as Go's `%v` prints it, for messages that quote one: `map[a:[1 <nil>] b:x]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (!isJsonMap(value)) return rawJsonText(value) ?? String(value as string | number | boolean)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, field]) => `${key}:${goPrint(field)}`).join(' ')}]`
}

/** The type of a JSON value as Go's `%T` prints it: that of the value that the JSON of a manifest is decoded into. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (isJsonMap(value)) return 'map[string]interface {}'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return rawJsonText(value) !== undefined || Number.isInteger(value) ? 'int64' : 'float64'
}

/**
 * JSON as Go's encoder writes it, with its line end: `<`, `>`, `&` and two line separators are escaped.
 * Result files look like this for everyone who has compared them by bytes.
 */
export function goJson(value: unknown): string {
  return `${JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escape)}\n`
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
