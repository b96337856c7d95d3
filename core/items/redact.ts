import type { Manifest } from '../../velero/manifest.ts'

const hidden = '<redacted>'

/**
 * A message about a Secret without anything it quotes (rule 14). Validation errors repeat the value that was refused,
 * webhooks say whatever they like: so the values that the Secret holds are taken out wherever they stand, plain and
 * encoded, and after that everything that looks like a value. Field, reason and names are enough to act on.
 */
export function redact(message: string, ...secrets: readonly Manifest[]): string {
  return withoutQuotes(withoutKnown(message, secrets))
}

function withoutKnown(message: string, secrets: readonly Manifest[]): string {
  let text = message
  for (const value of secrets.flatMap(valuesOf)) text = text.replaceAll(value, hidden)
  return text
}

/** What follows these words is a value, whatever it looks like. A value that is no string ends with its last bracket. */
const refused = /(Invalid|Unsupported|Duplicate) value: (?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^":]*[[{](?:.*[\]}])?|[^:,\]]*)/gs

function withoutQuotes(message: string): string {
  return message
    .replace(refused, `$1 value: ${hidden}`)
    .replace(/(last-applied-configuration[^{]*)\{.*\}/gs, `$1${hidden}`)
    .replace(/(base64[^"]*)"(?:[^"\\]|\\.)*"/g, `$1"${hidden}"`)
    .replace(/(?:map\[string\]|\[\])[a-z0-9 {}]*\{.*?\}/gs, hidden)
    .replace(/[A-Za-z0-9+/_-]{32,}={0,2}/g, (text) => (/^[a-z0-9.-]+$/.test(text) ? text : hidden))
}

/** Shorter ones would tear words apart; quoted, they are hidden as values. */
const lengthMin = 4

/** Everything that `data` and `stringData` hold, and what kubectl copied into its annotation, longest first. */
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

/** The text in base64; empty where it is none. */
function decoded(text: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return ''
  return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
}
