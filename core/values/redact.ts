import { lastAppliedAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'

const hidden = '<redacted>'

/** Characters of a message that are looked through. Go's own client prints no more of an answer that is no Status. */
const textMax = 16_384

/** Characters of a message that are kept: enough for every message of Kubernetes, too few to fill a results file. */
const keptMax = 4_096

/** Values of a Secret that are looked for one by one; of a Secret with more nothing is quoted at all. */
const valuesMax = 2_000

/** The words of ours that may stand before the name of an item. What follows the name is somebody else's text. */
const leads = ['error decoding "', 'error preparing ', 'error restoring ']

/**
 * Removes secret values from a message about a Secret (rule 14). Validation errors quote the refused value, and a
 * webhook may quote anything. So all values of the given Secrets are replaced, plain and encoded, and then everything
 * that looks like a value. Field names, reasons and names of objects stay. `names` are the id and the path of the item;
 * they stay at the beginning of a message of ours. The time it needs grows only with the length of the message, and the
 * length of the result is limited.
 */
export function redact(message: string, secrets: readonly Manifest[] = [], names: readonly string[] = []): string {
  const own = ownLead(message, names)
  const theirs = message.slice(own.length)
  return own + shortened(withoutQuotes(withoutKnown(theirs.slice(0, textMax), secrets)), theirs.length)
}

/** The beginning of a message that is ours: a lead and the item's name. */
function ownLead(message: string, names: readonly string[]): string {
  const heads = names.flatMap((name) => leads.map((lead) => lead + name))
  return heads.filter((head) => message.startsWith(head)).sort((a, b) => b.length - a.length)[0] ?? ''
}

function shortened(text: string, length: number): string {
  const left = Math.max(length - textMax, 0) + Math.max(text.length - keptMax, 0)
  return left === 0 ? text : `${text.slice(0, keptMax)} … (${left} more characters)`
}

function withoutKnown(message: string, secrets: readonly Manifest[]): string {
  const values = [...new Set(secrets.flatMap(valuesOf))].sort((a, b) => b.length - a.length)
  if (values.length > valuesMax) return hidden
  let text = message
  for (const value of values) text = text.replaceAll(value, hidden)
  for (const value of values) text = withoutPart(text, value)
  return message.length < textMax ? text : withoutBeginning(text, values)
}

/** A part of a value that is long enough to be no accident. */
const partMin = 12

/** A webhook may cut the value that it quotes. */
function withoutPart(message: string, value: string): string {
  if (value.length <= partMin) return message
  const part = value.slice(0, partMin)
  let text = ''
  let from = 0
  for (let at = message.indexOf(part); at !== -1; at = message.indexOf(part, from)) {
    let end = at + partMin
    while (end < message.length && end - at < value.length && message[end] === value[end - at]) end++
    text += message.slice(from, at) + hidden
    from = end
  }
  return text + message.slice(from)
}

/** A message that was cut may end with the beginning of a value. */
function withoutBeginning(message: string, values: readonly string[]): string {
  let text = message
  for (const value of values) {
    const at = text.lastIndexOf(value.slice(0, lengthMin))
    if (at !== -1 && value.startsWith(text.slice(at))) text = text.slice(0, at) + hidden
  }
  return text
}

/** What follows these words is a value, whatever it looks like. A value that is no string ends with its last bracket. */
const refused = /(Invalid|Unsupported|Duplicate) value: (?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^":]*[[{](?:.*[\]}])?|[^:,\]]*)/gs

/** Each expression looks no further than some hundred characters for its second part: a hostile text costs no time. */
function withoutQuotes(message: string): string {
  return message
    .replace(refused, `$1 value: ${hidden}`)
    .replace(/(last-applied-configuration[^{]{0,200})\{.*\}/gs, `$1${hidden}`)
    .replace(/(base64[^"]{0,200})"(?:[^"\\]|\\.)*"/g, `$1"${hidden}"`)
    .replace(/(?:map\[string\]|\[\])[a-z0-9 ]{0,60}(?:\{\})?\{[^}]*\}?/gs, hidden)
    .replace(/[A-Za-z0-9+/_-]{32,}={0,2}/g, (text) => (/^[a-z0-9.-]+$/.test(text) ? text : hidden))
}

/** Shorter ones would tear words apart; quoted, they are hidden. */
const lengthMin = 4

/** Everything that `data` and `stringData` hold, and what kubectl copied of them into its annotation, in each form. */
function valuesOf(secret: Manifest): string[] {
  const values = new Set<string>()
  for (const { data, stringData } of [secret, lastApplied(secret)]) {
    for (const text of texts(data)) values.add(text).add(decoded(text))
    for (const text of texts(stringData)) values.add(text)
  }
  const lines = [...values].flatMap((value) => [value.trim(), ...value.split(/[\r\n]+/)])
  return [...new Set([...values, ...lines])].flatMap(forms)
}

function texts(fields: unknown): string[] {
  if (typeof fields !== 'object' || fields === null) return []
  return Object.values(fields).filter((value) => typeof value === 'string')
}

/** How a value may be written: plain, as JSON or Go quote it, and in the encodings that are in use. */
function forms(value: string): string[] {
  if (value === '') return []
  const json = JSON.stringify(value).slice(1, -1)
  const html = json.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`)
  if (value.length < lengthMin) return [`"${json}"`, `"${html}"`]
  const bytes = new TextEncoder().encode(value)
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')).replace(/=+$/, '')
  const url = base64.replaceAll('+', '-').replaceAll('/', '_')
  return [...new Set([value, json, html, goQuoted(json), hex, hex.toUpperCase(), base64, url, escaped(value)])]
}

/** As Go's `%q` writes what JSON writes so. */
function goQuoted(json: string): string {
  return json
    .replaceAll('\\u0007', '\\a')
    .replaceAll('\\u000b', '\\v')
    .replaceAll('\\u00', '\\x')
    .replaceAll('\u007f', '\\x7f')
}

/** As in an address; a text with half a character has no such form. */
function escaped(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : value
}

function lastApplied(secret: Manifest): { data?: unknown; stringData?: unknown } {
  const text: unknown = secret.metadata?.annotations?.[lastAppliedAnnotation]
  if (typeof text !== 'string') return {}
  try {
    return (JSON.parse(text) as { data?: unknown } | null) ?? {}
  } catch {
    return {}
  }
}

/** The text in base64; empty where it is none. */
function decoded(text: string): string {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return ''
  return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
}
