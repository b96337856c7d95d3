import { ArchiveError } from '../../core/port-errors.ts'
import type { PieceReader } from './piece-reader.ts'

/** Reads the header of the next gzip member; false where the stream ends instead. Failures have Go's texts. */
export async function readGzipHeader(input: PieceReader): Promise<boolean> {
  const first = await input.next()
  if (first === undefined) return false
  input.giveBack(first)
  const header = await input.exactly(10)
  const flags = header.readUInt8(3)
  if (header.readUInt16BE(0) !== 0x1f8b || header.readUInt8(2) !== deflate) {
    throw new ArchiveError('not-gzip', 'gzip: invalid header')
  }
  if ((flags & hasExtra) !== 0) await input.exactly((await input.exactly(2)).readUInt16LE(0))
  if ((flags & hasName) !== 0) await skipText(input)
  if ((flags & hasComment) !== 0) await skipText(input)
  if ((flags & hasHeaderChecksum) !== 0) await input.exactly(2)
  return true
}

/** Reads what follows a member's data, and compares it with the data. */
export async function checkGzipTrailer(input: PieceReader, data: { crc: number; bytes: number }): Promise<void> {
  const trailer = await input.exactly(8)
  if (trailer.readUInt32LE(0) === data.crc && trailer.readUInt32LE(4) === data.bytes % 2 ** 32) return
  throw new ArchiveError('not-gzip', 'gzip: invalid checksum')
}

const deflate = 8
const hasHeaderChecksum = 2
const hasExtra = 4
const hasName = 8
const hasComment = 16
const textBytesMax = 512

/** Go gives up on longer ones too. */
async function skipText(input: PieceReader): Promise<void> {
  for (let length = 0; length < textBytesMax; length++) {
    if ((await input.exactly(1)).readUInt8(0) === 0) return
  }
  throw new ArchiveError('not-gzip', 'gzip: invalid header')
}
