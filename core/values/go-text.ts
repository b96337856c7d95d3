import { jsonInPieces } from './json-in-pieces.ts'
import { isJsonMap, rawJsonText } from './manifest-json.ts'

/** A JSON value as Go's `%v` prints it, for messages that quote one: `map[a:[1 <nil>] b:x]`. */
export function goPrint(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(goPrint).join(' ')}]`
  if (!isJsonMap(value)) return rawJsonText(value) ?? String(value as string | number | boolean)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `map[${entries.map(([key, field]) => `${key}:${goPrint(field)}`).join(' ')}]`
}

/** The Go type of a JSON value in a decoded manifest, as `%T` prints it. Whole numbers are `int64` there. */
export function goTypeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (isJsonMap(value)) return 'map[string]interface {}'
  if (typeof value === 'string') return 'string'
  if (typeof value === 'boolean') return 'bool'
  return rawJsonText(value) !== undefined || Number.isInteger(value) ? 'int64' : 'float64'
}

/**
 * JSON as Go's encoder writes it, with a line end: `<`, `>`, `&` and the line separators U+2028 and U+2029 are escaped.
 * So the result files are byte for byte like those of Velero.
 */
export function goJson(value: unknown): string {
  return [...goJsonInPieces(value)].join('')
}

/** {@link goJson} in pieces, for a large value. */
export function* goJsonInPieces(value: unknown): Generator<string> {
  for (const piece of jsonInPieces(value)) yield goEscaped(piece)
  yield '\n'
}

/** A text as Go's encoder writes it. */
export function goText(text: string): string {
  return goEscaped(JSON.stringify(text))
}

function goEscaped(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, escape)
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
