/**
 * Go's words for a text that is not JSON, as Velero's users read them: found by reading the text as Go's scanner does,
 * up to the first byte that cannot stand where it stands. What `JSON.parse` throws quotes the input, so it is never
 * passed on. Source of the words: encoding/json, scanner.go.
 */
export function goJsonError(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const end = readValue(bytes, 0)
  const problem = typeof end === 'number' ? atEnd(bytes, end) : end
  if (problem === undefined) return 'the text is JSON, but no object'
  const byte = bytes[problem.at] ?? (mayEnd.test(problem.because) ? undefined : space)
  return byte === undefined ? 'unexpected end of JSON input' : `invalid character ${quoteByte(byte)} ${problem.because}`
}

/** Go ends a text by reading one more space: where a space may stand, it only says that the text ended. */
const mayEnd = /^(looking|after (object|array|top)|in string literal$)/

/** Where reading stopped and what was read then. */
interface Problem {
  at: number
  because: string
}

/** The position after what was read, or the problem in it. */
type Read = number | Problem

const [space, tab, newline, carriageReturn] = [0x20, 0x09, 0x0a, 0x0d]
const [quoteMark, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a]
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d]
const [minus, plus, dot, zero, nine] = [0x2d, 0x2b, 0x2e, 0x30, 0x39]
/** Go gives up deeper texts than this, and so a text cannot make us run out of stack. */
const depthMax = 1000

function atEnd(bytes: Uint8Array, from: number): Problem | undefined {
  const at = skipSpace(bytes, from)
  return at < bytes.length ? { at, because: 'after top-level value' } : undefined
}

function readValue(bytes: Uint8Array, from: number, depth = 0): Read {
  const at = skipSpace(bytes, from)
  const byte = bytes[at]
  if (depth > depthMax) return { at, because: 'exceeded max depth' }
  switch (byte) {
    case openBrace:
      return readObject(bytes, at + 1, depth)
    case openBracket:
      return readArray(bytes, at + 1, depth)
    case quoteMark:
      return readString(bytes, at + 1)
    default:
      return readWord(bytes, at) ?? readNumber(bytes, at) ?? { at, because: 'looking for beginning of value' }
  }
}

function readObject(bytes: Uint8Array, from: number, depth: number): Read {
  let at = skipSpace(bytes, from)
  if (bytes[at] === closeBrace) return at + 1
  for (;;) {
    at = skipSpace(bytes, at)
    if (bytes[at] !== quoteMark) return { at, because: 'looking for beginning of object key string' }
    const key = readString(bytes, at + 1)
    if (typeof key !== 'number') return key
    at = skipSpace(bytes, key)
    if (bytes[at] !== colon) return { at, because: 'after object key' }
    const value = readValue(bytes, at + 1, depth + 1)
    if (typeof value !== 'number') return value
    at = skipSpace(bytes, value)
    if (bytes[at] === closeBrace) return at + 1
    if (bytes[at] !== comma) return { at, because: 'after object key:value pair' }
    at++
  }
}

function readArray(bytes: Uint8Array, from: number, depth: number): Read {
  let at = skipSpace(bytes, from)
  if (bytes[at] === closeBracket) return at + 1
  for (;;) {
    const value = readValue(bytes, at, depth + 1)
    if (typeof value !== 'number') return value
    at = skipSpace(bytes, value)
    if (bytes[at] === closeBracket) return at + 1
    if (bytes[at] !== comma) return { at, because: 'after array element' }
    at++
  }
}

function readString(bytes: Uint8Array, from: number): Read {
  for (let at = from; ; at++) {
    const byte = bytes[at]
    if (byte === quoteMark) return at + 1
    if (byte === undefined || byte < space) return { at, because: 'in string literal' }
    if (byte !== backslash) continue
    at++
    if (bytes[at] === 0x75) {
      const digits = [1, 2, 3, 4].find((offset) => !isHex(bytes[at + offset]))
      if (digits !== undefined) return { at: at + digits, because: String.raw`in \u hexadecimal character escape` }
      at += 4
    } else if (!escapes.has(bytes[at] ?? 0)) {
      return { at, because: 'in string escape code' }
    }
  }
}

const escapes: ReadonlySet<number> = new Set(new TextEncoder().encode('"\\/bfnrt'))

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && /[0-9A-Fa-f]/.test(String.fromCharCode(byte))
}

function readWord(bytes: Uint8Array, from: number): Read | undefined {
  const word = ['true', 'false', 'null'].find((one) => one.charCodeAt(0) === bytes[from])
  if (word === undefined) return undefined
  for (let index = 1; index < word.length; index++) {
    if (bytes[from + index] === word.charCodeAt(index)) continue
    return { at: from + index, because: `in literal ${word} (expecting '${word[index]}')` }
  }
  return from + word.length
}

function readNumber(bytes: Uint8Array, from: number): Read | undefined {
  let at = from
  if (bytes[at] === minus) at++
  else if (!isDigit(bytes[at])) return undefined
  if (!isDigit(bytes[at])) return { at, because: 'in numeric literal' }
  at = bytes[at] === zero ? at + 1 : skipDigits(bytes, at)
  if (bytes[at] === dot) {
    if (!isDigit(bytes[at + 1])) return { at: at + 1, because: 'after decimal point in numeric literal' }
    at = skipDigits(bytes, at + 1)
  }
  if (bytes[at] !== 0x65 && bytes[at] !== 0x45) return at
  at++
  if (bytes[at] === plus || bytes[at] === minus) at++
  return isDigit(bytes[at]) ? skipDigits(bytes, at) : { at, because: 'in exponent of numeric literal' }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= zero && byte <= nine
}

function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from
  while (isDigit(bytes[at])) at++
  return at
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === space || bytes[at] === tab || bytes[at] === newline || bytes[at] === carriageReturn) at++
  return at
}

/** Go quotes one byte as if it were a character of its own. */
function quoteByte(byte: number): string {
  if (byte === 0x27) return String.raw`'\''`
  if (byte === 0x22) return `'"'`
  const short = shortEscapes[byte]
  if (short !== undefined) return `'${short}'`
  const hex = byte.toString(16).padStart(2, '0')
  if (byte < space || byte === 0x7f) return String.raw`'\x${hex}'`
  if ((byte > 0x7f && byte <= 0xa0) || byte === 0xad) return String.raw`'\u00${hex}'`
  return `'${String.fromCharCode(byte)}'`
}

const shortEscapes: Readonly<Record<number, string>> = {
  0x07: String.raw`\a`,
  0x08: String.raw`\b`,
  0x09: String.raw`\t`,
  0x0a: String.raw`\n`,
  0x0b: String.raw`\v`,
  0x0c: String.raw`\f`,
  0x0d: String.raw`\r`,
  0x5c: String.raw`\\`,
}
