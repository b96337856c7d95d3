import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib'
import { ArchiveError } from '../../core/port-errors.ts'
import { tooBig, type ArchiveBounds } from './archive-bounds.ts'
import { checkGzipTrailer, readGzipHeader } from './gzip-frame.ts'
import { readPieces, type PieceReader } from './piece-reader.ts'

/**
 * Unzips a tarball as it comes, at the speed of its reader. Failures of the data have Go's texts, as in Velero's
 * results; a failure of the source stays what it is. A zip bomb is stopped at the bound, while it is still streaming.
 *
 * The members of the gzip file are taken apart here: where one is followed by garbage, or is cut short, Node's own
 * gunzip drops what it has unzipped before, while Velero gets a whole archive.
 */
export async function* inflate(
  source: Readable,
  bounds: Pick<ArchiveBounds, 'inflatedBytesMax'>,
): AsyncGenerator<Buffer> {
  const { inflatedBytesMax } = bounds
  let bytes = 0
  try {
    const input = readPieces(source as AsyncIterable<Buffer>)
    if (!(await readGzipHeader(input))) throw new ArchiveError('truncated', 'EOF')
    do {
      for await (const chunk of inflateMember(input, inflatedBytesMax - bytes)) {
        bytes += chunk.length
        if (bytes > inflatedBytesMax) {
          throw tooBig('the tarball inflates to more bytes', 'inflatedBytesMax', inflatedBytesMax)
        }
        yield chunk
      }
    } while (await readGzipHeader(input))
  } finally {
    source.destroy()
  }
}

/** Yields all that a member holds before it fails, if it does. */
async function* inflateMember(input: PieceReader, bytesMax: number): AsyncGenerator<Buffer> {
  const inflater = createInflateRaw({ chunkSize: 64 * 1024 })
  const chunks: Buffer[] = []
  const data = { crc: 0, bytes: 0, isOver: false }
  let failure: Error | undefined
  inflater.on('data', (chunk: Buffer) => {
    data.crc = crc32(chunk, data.crc)
    data.bytes += chunk.length
    chunks.push(chunk)
    if (data.bytes > bytesMax) inflater.destroy()
  })
  inflater.on('end', () => (data.isOver = true))
  inflater.on('error', (error) => (failure = toGoError(error)))
  try {
    while (!data.isOver) {
      await feed(inflater, input)
      yield* chunks.splice(0)
      if (failure !== undefined) throw failure
    }
    await checkGzipTrailer(input, data)
  } finally {
    inflater.destroy()
  }
}

/** Gives the inflater one piece, or the end; what it does not want goes back. */
async function feed(inflater: InflateRaw, input: PieceReader): Promise<void> {
  const piece = await input.next()
  if (piece === undefined) throw new ArchiveError('truncated', 'unexpected EOF')
  const before = inflater.bytesWritten
  await settled(inflater, (done) => inflater.write(piece, done))
  const unused = piece.subarray(inflater.bytesWritten - before)
  // Only at the member's end does it leave any; the event for that is still under way.
  if (unused.length > 0 && !inflater.destroyed && !inflater.readableEnded) await once(inflater, 'end').catch(() => {})
  input.giveBack(unused)
}

/** After a failure a write is never answered. */
async function settled(inflater: InflateRaw, write: (done: () => void) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  inflater.once('close', resolve)
  write(resolve)
  await promise
  inflater.removeListener('close', resolve)
}

function toGoError(error: NodeJS.ErrnoException): Error {
  if (error.code === 'Z_BUF_ERROR') return new ArchiveError('truncated', 'unexpected EOF')
  if (error.code !== 'Z_DATA_ERROR' && error.code !== 'Z_NEED_DICT') return error
  return new ArchiveError('not-gzip', `flate: corrupt input: ${error.message}`)
}
