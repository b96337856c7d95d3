import type { Readable } from 'node:stream'
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib'
import { tooBig, type ArchiveBounds } from './archive-bounds.ts'
import { damaged } from './archive-failure.ts'
import { ByteReader } from './byte-reader.ts'

/**
 * Unzips a tarball as it comes, at the speed of its reader. Failures of the data have Go's texts, as in Velero's
 * results; a failure of the source stays what it is. A zip bomb is stopped at the bound, while it is still streaming.
 *
 * Everything that was unzipped before a failure is handed out first, as Go does: a tarball with garbage behind it, or
 * without its last bytes, is whole for Velero. Node's own gunzip drops up to 64 KiB then, which may be the whole tarball;
 * so the frame around the compressed data is read here, and Node inflates what is in it.
 */
export async function* gunzip(
  source: Readable,
  { inflatedBytesMax }: Pick<ArchiveBounds, 'inflatedBytesMax'>,
): AsyncGenerator<Buffer> {
  const input = new ByteReader(source as AsyncIterable<Buffer>)
  let bytes = 0
  try {
    if (!(await readHeader(input))) throw damaged('EOF')
    do {
      for await (const chunk of inflateMember(input)) {
        bytes += chunk.length
        if (bytes > inflatedBytesMax) {
          throw tooBig('the tarball inflates to more bytes', 'inflatedBytesMax', inflatedBytesMax)
        }
        yield chunk
      }
    } while (await readHeader(input))
  } finally {
    source.destroy()
  }
}

const flags = { headerChecksum: 2, extra: 4, name: 8, comment: 16 }

/** Reads the header of the next gzip member (RFC 1952); false where the file ends instead. */
async function readHeader(input: ByteReader): Promise<boolean> {
  const header = await input.exactly(10)
  if (header === undefined) return false
  if (header.readUIntBE(0, 3) !== 0x1f8b08) throw damaged('gzip: invalid header')
  const has = (flag: number) => (header.readUInt8(3) & flag) !== 0
  if (has(flags.extra)) await take(input, (await take(input, 2)).readUInt16LE(0))
  if (has(flags.name)) await skipText(input)
  if (has(flags.comment)) await skipText(input)
  if (has(flags.headerChecksum)) await take(input, 2)
  return true
}

/** Go gives up on longer texts too. */
const textBytesMax = 512

async function skipText(input: ByteReader): Promise<void> {
  for (let length = 0; length < textBytesMax; length++) if ((await take(input, 1)).readUInt8(0) === 0) return
  throw damaged('gzip: invalid header')
}

async function take(input: ByteReader, count: number): Promise<Buffer> {
  const bytes = count === 0 ? Buffer.alloc(0) : await input.exactly(count)
  if (bytes === undefined) throw damaged('unexpected EOF')
  return bytes
}

/** What a piece inflates to is about a thousand times as much at most: that bounds the memory that a zip bomb can take. */
const pieceBytes = 16 * 1024

/** Inflates one member and compares it with its checksum and length. */
async function* inflateMember(input: ByteReader): AsyncGenerator<Buffer> {
  const inflater = createInflateRaw({ chunkSize: 64 * 1024 })
  const chunks: Buffer[] = []
  let failure: Error | undefined
  inflater.on('data', (chunk: Buffer) => chunks.push(chunk))
  inflater.on('error', (error) => (failure = toGoError(error)))
  let crc = 0
  let bytes = 0
  try {
    for (let isOver = false; !isOver;) {
      const piece = await input.some(pieceBytes)
      if (piece === undefined) throw damaged('unexpected EOF')
      const used = await inflate(inflater, piece)
      for (const chunk of chunks.splice(0)) {
        crc = crc32(chunk, crc)
        bytes += chunk.length
        yield chunk
      }
      if (failure !== undefined) throw failure
      // What the inflater does not take comes after the member's data.
      isOver = used < piece.length
      input.giveBack(piece.subarray(used))
    }
    const trailer = await take(input, 8)
    if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== bytes % 2 ** 32) throw damaged(badChecksum)
  } finally {
    inflater.destroy()
  }
}

/** Go's text for data that is not what was zipped. */
export const badChecksum = 'gzip: invalid checksum'

/** Gives the inflater some bytes; resolves with how many of them it took, once they are inflated or it has failed. */
async function inflate(inflater: InflateRaw, piece: Buffer): Promise<number> {
  const before = inflater.bytesWritten
  const { promise, resolve } = Promise.withResolvers<void>()
  // After a failure a write is never answered.
  inflater.once('close', resolve)
  inflater.write(piece, () => resolve())
  await promise
  inflater.removeListener('close', resolve)
  return inflater.bytesWritten - before
}

function toGoError(error: NodeJS.ErrnoException): Error {
  return error.code?.startsWith('Z_') === true ? damaged(`flate: corrupt input: ${error.message}`) : error
}
