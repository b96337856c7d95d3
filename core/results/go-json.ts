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
