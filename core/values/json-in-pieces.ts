import { isJsonMap } from './manifest-json.ts'
import type { Steps } from './slices.ts'

/** Containers so deep in a value are written and read in one go: they are small in all that is stored here. */
const depthMax = 5

/** Characters of a piece, about. */
const pieceLength = 64 * 1024

/** The text that `JSON.stringify` makes of a value, in pieces: the whole of a large value takes long. */
export function* jsonInPieces(value: unknown): Generator<string> {
  let piece: string[] = []
  let length = 0
  for (const part of partsOf(value, 0)) {
    piece.push(part)
    length += part.length
    if (length < pieceLength) continue
    yield piece.join('')
    piece = []
    length = 0
  }
  if (length > 0) yield piece.join('')
}

function* partsOf(value: unknown, depth: number): Generator<string> {
  if (depth >= depthMax || isSmall(value)) {
    yield JSON.stringify(value)
  } else if (Array.isArray(value)) {
    yield '['
    for (const [index, element] of value.entries()) {
      if (index > 0) yield ','
      yield* partsOf(element ?? null, depth + 1)
    }
    yield ']'
  } else if (isJsonMap(value) && typeof value['toJSON'] !== 'function') {
    let before = '{'
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined) continue
      yield `${before}${JSON.stringify(key)}:`
      yield* partsOf(field, depth + 1)
      before = ','
    }
    yield before === '{' ? '{}' : '}'
  } else {
    yield JSON.stringify(value)
  }
}

/** A container with so few values in it is written in one go: most are such, and steps for single values take several times as long. */
const smallMax = 64

function isSmall(value: unknown): boolean {
  return valuesIn(value, smallMax) <= smallMax
}

/** How many values there are in a value, itself included; it is counted no further where there are more than `most`. */
function valuesIn(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null) return 1
  const inner = Array.isArray(value) ? (value as unknown[]) : Object.values(value)
  let count = 1 + (inner.length > most ? most : 0)
  for (const one of inner) {
    if (count > most) break
    count += valuesIn(one, most - count)
  }
  return count
}

/**
 * What `JSON.parse` makes of a text, in steps. Throws `SyntaxError` for a text that is not JSON. `keep` gets each value five containers
 * deep as soon as it is read, and what it returns stands in its place.
 */
export function* parseJsonInSteps(text: string, keep: (part: unknown) => unknown = (part) => part): Steps<unknown> {
  const reader = new Reader(text, keep)
  const value = yield* readValue(reader, 0)
  if (reader.next() !== '') throw reader.fault()
  return value
}

function* readValue(reader: Reader, depth: number): Steps<unknown> {
  const first = reader.next()
  if (depth >= depthMax || (first !== '[' && first !== '{')) {
    if (reader.takesLong()) yield
    return depth >= depthMax ? reader.keep(reader.whole()) : reader.whole()
  }
  const list: unknown[] = []
  const map: Record<string, unknown> = {}
  reader.expect(first)
  const close = first === '[' ? ']' : '}'
  for (let index = 0; reader.next() !== close; index++) {
    if (index > 0) reader.expect(',')
    if (first === '[') {
      list.push(yield* readValue(reader, depth + 1))
    } else {
      const key = reader.key()
      const value = yield* readValue(reader, depth + 1)
      Object.defineProperty(map, key, { value, configurable: true, enumerable: true, writable: true })
    }
  }
  reader.expect(close)
  return first === '[' ? list : map
}

/** A place in a text. */
class Reader {
  readonly keep: (part: unknown) => unknown
  readonly #text: string
  #at = 0
  #pausedAt = 0

  constructor(text: string, keep: (part: unknown) => unknown) {
    this.#text = text
    this.keep = keep
  }

  /** The next character that is no space, which stays; empty at the end. */
  next(): string {
    while (/^[ \t\r\n]/.test(this.#text.charAt(this.#at))) this.#at++
    return this.#text.charAt(this.#at)
  }

  expect(character: string): void {
    if (this.next() !== character) throw this.fault()
    this.#at++
  }

  key(): string {
    if (this.next() !== '"') throw this.fault()
    const key = this.whole() as string
    this.expect(':')
    return key
  }

  /** Whether much has been read since this was true for the last time. */
  takesLong(): boolean {
    if (this.#at - this.#pausedAt < pieceLength) return false
    this.#pausedAt = this.#at
    return true
  }

  /** The value that begins here, read in one go. */
  whole(): unknown {
    const from = this.#at
    this.#at = this.#endOfValue()
    return JSON.parse(this.#text.slice(from, this.#at))
  }

  fault(): SyntaxError {
    return new SyntaxError('invalid JSON')
  }

  #endOfValue(): number {
    let depth = 0
    for (let at = this.#at; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at)
      if (code === 0x22) {
        at = this.#endOfString(at)
        if (depth === 0) return at + 1
      } else if (code === 0x5b || code === 0x7b) depth++
      else if (code === 0x5d || code === 0x7d) {
        if (depth === 0) return at
        if (--depth === 0) return at + 1
      } else if (depth === 0 && code === 0x2c) return at
    }
    return this.#text.length
  }

  /** The closing quote of the string that begins here. */
  #endOfString(from: number): number {
    for (let at = this.#text.indexOf('"', from + 1); at >= 0; at = this.#text.indexOf('"', at + 1)) {
      let slashes = 0
      while (this.#text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++
      if (slashes % 2 === 0) return at
    }
    throw this.fault()
  }
}
