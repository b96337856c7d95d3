/**
 * Go's words for a text that is not JSON, as Velero's users read them: found by looking for the first place
 * where the text stops being JSON. `error` is what JSON.parse threw; its text quotes the input, so it is never passed on.
 */
export function goJsonError(text: string, error: unknown): string {
  if (text.trim() === '') return 'unexpected end of JSON input'
  const message = error instanceof Error ? error.message : String(error)
  if (/end of JSON input|Unterminated/.test(message)) return 'unexpected end of JSON input'
  const position = /position (\d+)/.exec(message)?.[1]
  const at = position === undefined ? firstCharacter(text, message) : Number(position)
  const character = at === undefined ? undefined : text[at]
  if (at === undefined || character === undefined) return `invalid JSON`
  return `invalid character ${goQuote(character)} ${whereIn(text, at)}`
}

function firstCharacter(text: string, message: string): number | undefined {
  const token = /Unexpected token '(.)'/s.exec(message)?.[1]
  const at = token === undefined ? -1 : text.indexOf(token)
  return at < 0 ? undefined : at
}

function goQuote(character: string): string {
  if (character === "'") return `'\\''`
  if (character === '\n') return `'\\n'`
  if (character === '\t') return `'\\t'`
  return `'${character}'`
}

function whereIn(text: string, at: number): string {
  const before = text.slice(0, at).trimEnd().at(-1)
  if (before === undefined || before === ':' || before === '[') return 'looking for beginning of value'
  if (before === '{' || before === ',') return 'looking for beginning of object key string'
  if (before === '}' || before === ']') return 'after top-level value'
  return 'after object key:value pair'
}
