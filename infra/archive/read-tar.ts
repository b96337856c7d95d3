import { Readable } from 'node:stream'
import { extract, type Extract } from 'tar-stream'
import { ArchiveError } from '../../core/port-errors.ts'
import { pathBytesMax, tooBig, type ArchiveBounds } from './archive-bounds.ts'
import { damaged } from './archive-failure.ts'
import { cleanArchivePath } from './archive-path.ts'
import { ByteReader } from './byte-reader.ts'
import { badChecksum } from './gunzip.ts'

/** One entry of the tarball; only a regular file has content. */
export interface TarFile {
  path: string
  isFolder: boolean
  /** Must be called, or not, before the next entry is asked for. */
  read(): Promise<Buffer>
}

/**
 * Reads a tar stream entry by entry, with Velero's rules: every path is checked, folders and regular files count,
 * links and devices are passed over. At most one item is in memory at a time. A stream that is no tar, or is cut off,
 * throws an `ArchiveError` of kind `damaged` with Go's text; a failure of the source stays what it is.
 */
export async function* readTar(chunks: AsyncIterable<Buffer>, bounds: ArchiveBounds): AsyncGenerator<TarFile> {
  const tar = extract(options)
  let sourceFailure: unknown
  const source = Readable.from(inBatches(untilEndMark(chunks)), { objectMode: false, highWaterMark: 256 * 1024 })
  source.once('error', (error) => {
    sourceFailure = error
    tar.destroy(error)
  })
  source.pipe(tar)
  const toFailure = (error: unknown): unknown => sourceFailure ?? toDamage(error)
  let entries = 0
  try {
    for await (const entry of tar) {
      if (++entries > bounds.entriesMax) throw tooBig('the tarball has more entries', 'entriesMax', bounds.entriesMax)
      const file = toFile(entry, { ...bounds, toFailure })
      if (file !== undefined) yield file
      if (!entry.destroyed) entry.resume()
    }
    if (sourceFailure !== undefined) throw sourceFailure
  } catch (error) {
    throw toFailure(error)
  } finally {
    source.destroy()
    tar.destroy()
  }
}

type Entry = Extract extends AsyncIterable<infer T> ? T : never

/** Tarballs of the oldest format, without a magic number, are as good as others. */
const options: Parameters<typeof extract>[0] & { allowUnknownFormat: boolean } = { allowUnknownFormat: true }

/** Whatever the parser cannot make sense of is no outage: it would be the same at the next attempt. */
function toDamage(error: unknown): ArchiveError {
  return error instanceof ArchiveError ? error : damaged(invalidHeader, { cause: error })
}

const invalidHeader = 'archive/tar: invalid tar header'

interface FileOptions extends Pick<ArchiveBounds, 'itemBytesMax'> {
  toFailure: (error: unknown) => unknown
}

function toFile(entry: Entry, { itemBytesMax, toFailure }: FileOptions): TarFile | undefined {
  const { name, type, size } = entry.header
  if (name.includes('\0')) throw damaged(invalidHeader)
  if (Buffer.byteLength(name) > pathBytesMax) {
    throw new ArchiveError(
      'too-big',
      `a path in the tarball is longer than ${pathBytesMax.toLocaleString('en-US')} bytes, the longest one of Linux (no setting raises it): ${name.slice(0, 80)}…`,
    )
  }
  const path = cleanArchivePath(name)
  const isFolder = type === 'directory' || (type === 'file' && name.endsWith('/'))
  if (!isFolder && type !== 'file') return undefined
  const read = async (): Promise<Buffer> => {
    if (size > itemBytesMax) throw tooBig(`${path} has more bytes`, 'itemBytesMax', itemBytesMax)
    const parts: Buffer[] = []
    try {
      for await (const part of entry as AsyncIterable<Buffer>) parts.push(part)
    } catch (error) {
      throw toFailure(error)
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  }
  return { path, isFolder, read }
}

const blockBytes = 512

/**
 * Hands on a tar stream up to its end mark, two blocks of zeros where a header is due. Go, and so Velero, stops there,
 * whatever follows (padding, garbage, a second archive), while tar-stream would read it. A stream may also end where a
 * header is due, or in the padding of the last file: for Go both are whole. One that ends elsewhere is cut off.
 */
async function* untilEndMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const reader = new ByteReader(chunks)
  for (;;) {
    const header = await reader.exactly(blockBytes)
    if (header === undefined) return
    if (isZero(header)) break
    yield header
    const size = bodyBytes(header)
    for (let left = size; left > 0;) {
      const piece = await reader.some(left)
      if (piece === undefined) throw damaged('unexpected EOF')
      left -= piece.length
      yield piece
    }
    const padding = (blockBytes - (size % blockBytes)) % blockBytes
    for (let left = padding; left > 0;) left -= (await reader.some(left))?.length ?? left
    yield Buffer.alloc(padding)
  }
  const second = await reader.exactly(blockBytes)
  if (second !== undefined && !isZero(second)) throw damaged(invalidHeader)
  await readRest(reader)
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}

/** The size of what follows a header. Links, devices and folders have none, whatever the header says, as in Go. */
function bodyBytes(header: Buffer): number {
  if ('123456'.includes(String.fromCharCode(header.readUInt8(156)))) return 0
  const field = header.subarray(124, 136)
  if ((field.readUInt8(0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4))
  const digits = field.toString('latin1').replace(/^[ \0]+|[ \0].*$/g, '')
  if (!/^[0-7]*$/.test(digits)) throw damaged(invalidHeader)
  return Number.parseInt(`0${digits}`, 8)
}

/**
 * Of what follows the end mark only the checksum of the data before it counts, and the bound of bytes. Velero does not
 * read so far; a checksum that is wrong means that some item is not as it was saved.
 */
async function readRest(reader: ByteReader): Promise<void> {
  try {
    while ((await reader.some(batchBytes)) !== undefined);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    if (error.kind === 'too-big' || error.message === badChecksum) throw error
  }
}

const batchBytes = 64 * 1024

/** Gathers small pieces, so that the next reader has fewer turns. */
async function* inBatches(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let batch: Buffer[] = []
  let bytes = 0
  for await (const piece of pieces) {
    batch.push(piece)
    bytes += piece.length
    if (bytes < batchBytes) continue
    yield Buffer.concat(batch)
    batch = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(batch)
}
