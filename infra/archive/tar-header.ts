import { damaged } from './archive-failure.ts'

export const blockBytes = 512

/** What a block says of the bytes after it. */
export interface TarHeader {
  kind: 'file' | 'folder' | 'other' | 'long-name' | 'pax'
  name: string
  /** How many bytes follow, without their padding. */
  sizeBytes: number
}

/** What stands before an entry, and counts for it alone. */
export interface EarlierWord {
  name?: string
  sizeBytes?: number
}

export const invalidHeader = 'archive/tar: invalid tar header'

/** Where the fields of a header stand, as POSIX has them. */
const at = { name: 0, size: 124, checksum: 148, type: 156, magic: 257, prefix: 345 } as const
const bytesOf = { name: 100, size: 12, checksum: 8, prefix: 155 } as const

/** A block of zeros ends a tar where a header is due. */
export function isZero(block: Buffer): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0)
}

/** Reads a header. Throws an `ArchiveError` of kind `damaged`, with Go's text, where a block is none. */
export function readHeader(block: Buffer): TarHeader {
  if (checksumOf(block) !== octal(block, at.checksum, bytesOf.checksum)) throw damaged(invalidHeader)
  const kind = kindOf(block[at.type] ?? 0)
  // Links, devices and folders have no bytes, whatever the header says, as in Go.
  const sizeBytes = hasNoBytes(block[at.type] ?? 0) ? 0 : size(block)
  return { kind, name: nameOf(block), sizeBytes }
}

/** The name that stands in an entry of its own, since the next header has no room for it. */
export function readLongName(bytes: Buffer): EarlierWord {
  return { name: textAt(bytes, 0, bytes.length) }
}

/** Reads the records of a pax header, as Go does: one that is no record is damage. */
export function readPax(bytes: Buffer): EarlierWord {
  const word: EarlierWord = {}
  for (let from = 0; from < bytes.length;) {
    const space = bytes.indexOf(' ', from, 'latin1')
    const length = space < 0 ? '' : bytes.toString('latin1', from, space)
    const end = from + Number(length)
    if (!/^\d+$/.test(length) || end > bytes.length || end <= space + 1) throw damaged(invalidHeader)
    const record = bytes.toString('utf8', space + 1, end)
    const equals = record.indexOf('=')
    if (equals <= 0 || !record.endsWith('\n')) throw damaged(invalidHeader)
    takeRecord(word, record.slice(0, equals), record.slice(equals + 1, -1))
    from = end
  }
  return word
}

function takeRecord(word: EarlierWord, key: string, value: string): void {
  if (value === '') return
  if (key === 'path') word.name = value
  if (key !== 'size') return
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value))) throw damaged(invalidHeader)
  word.sizeBytes = Number(value)
}

/** GNU's and POSIX's letters. A global pax header counts for nothing, as in Go. */
function kindOf(type: number): TarHeader['kind'] {
  switch (String.fromCharCode(type)) {
    case '\0':
    case '0':
      return 'file'
    case '5':
      return 'folder'
    case 'L':
    case 'N':
      return 'long-name'
    case 'x':
      return 'pax'
    default:
      return 'other'
  }
}

function hasNoBytes(type: number): boolean {
  const number = type - zero
  return number >= 1 && number <= 6
}

function nameOf(block: Buffer): string {
  const name = textAt(block, at.name, bytesOf.name)
  const hasPrefix = block[at.prefix] !== 0 && block.toString('latin1', at.magic, at.magic + 6) === 'ustar\0'
  return hasPrefix ? `${textAt(block, at.prefix, bytesOf.prefix)}/${name}` : name
}

/** The text of a field, which a zero ends. */
function textAt(bytes: Buffer, from: number, length: number): string {
  const end = bytes.indexOf(0, from)
  return bytes.toString('utf8', from, end < 0 ? from + length : Math.min(end, from + length))
}

/** The sum of all bytes, with spaces where the sum itself stands. */
function checksumOf(block: Buffer): number {
  let sum = 8 * space
  for (let index = 0; index < at.checksum; index++) sum += block[index] ?? 0
  for (let index = at.checksum + bytesOf.checksum; index < blockBytes; index++) sum += block[index] ?? 0
  return sum
}

/** Sizes that have too many digits are written as a binary number. */
function size(block: Buffer): number {
  if (((block[at.size] ?? 0) & 0x80) === 0) return octal(block, at.size, bytesOf.size)
  const isWide = block.readUInt32BE(at.size) !== 0x8000_0000
  const found = Number(block.readBigUInt64BE(at.size + 4))
  if (isWide || !Number.isSafeInteger(found)) throw damaged(invalidHeader)
  return found
}

const [space, zero, seven] = [' ', '0', '7'].map((letter) => letter.charCodeAt(0)) as [number, number, number]

/** Digits between spaces or zeros; none of them is 0. */
function octal(block: Buffer, from: number, length: number): number {
  const isFiller = (byte: number) => byte === space || byte === 0
  let index = from
  let found = 0
  while (index < from + length && isFiller(block[index] ?? 0)) index++
  for (; index < from + length; index++) {
    const byte = block[index] ?? 0
    if (isFiller(byte)) break
    if (byte < zero || byte > seven) throw damaged(invalidHeader)
    found = found * 8 + byte - zero
  }
  return found
}
