import type { Manifest } from '../../velero/manifest.ts'

const hidden = '<redacted>'

/**
 * Removes secret values from a message about a Secret (rule 14). Validation errors quote the refused value, and a webhook
 * may quote anything. So all values of the given Secrets are replaced, plain and in base64, and then everything that looks
 * like a value. Field names, reasons and names of objects stay.
 */
export function redact(message: string, ...secrets: readonly Manifest[]): string {
  return withoutQuotes(withoutKnown(message, secrets))
}

function withoutKnown(message: string, secrets: readonly Manifest[]): string {
  let text = message
  for (const value of secrets.flatMap(valuesOf)) text = text.replaceAll(value, hidden)
  return text
}

/** After these words there is always a value. One that is not a string ends with its last bracket. */
const refused = /(Invalid|Unsupported|Duplicate) value: (?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^":]*[[{](?:.*[\]}])?|[^:,\]]*)/gs

function withoutQuotes(message: string): string {
  return message
    .replace(refused, `$1 value: ${hidden}`)
    .replace(/(last-applied-configuration[^{]*)\{.*\}/gs, `$1${hidden}`)
    .replace(/(base64[^"]*)"(?:[^"\\]|\\.)*"/g, `$1"${hidden}"`)
    .replace(/(?:map\[string\]|\[\])[a-z0-9 {}]*\{.*?\}/gs, hidden)
    .replace(/[A-Za-z0-9+/_-]{32,}={0,2}/g, (text) => (/^[a-z0-9.-]+$/.test(text) ? text : hidden))
}

/** Shorter values are not searched for: they occur inside ordinary words. */
const lengthMin = 4

/** The values in `data` (in base64 and decoded) and `stringData`, the longest first. */
function valuesOf(secret: Manifest): string[] {
  const values = new Set<string>()
  for (const text of Object.values(fieldsOf(secret['data'])).filter((value) => typeof value === 'string')) {
    values.add(text).add(decoded(text)).add(decoded(text).trim())
  }
  for (const text of Object.values(fieldsOf(secret['stringData'])).filter((value) => typeof value === 'string')) {
    values.add(text).add(text.trim())
  }
  const quoted = [...values].flatMap((value) => [value, JSON.stringify(value).slice(1, -1)])
  return [...new Set(quoted)].filter((value) => value.length >= lengthMin).sort((a, b) => b.length - a.length)
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The text that is encoded in base64; empty if it is not base64. */
function decoded(text: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return ''
  return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
}
