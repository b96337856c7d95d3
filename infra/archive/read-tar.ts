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
  const source = Readable.from(untilEndMark(chunks), { objectMode: false, highWaterMark: 256 * 1024 })
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
    try {
      return await contentOf(entry)
    } catch (error) {
      throw toFailure(error)
    }
  }
  return { path, isFolder, read }
}

/** The bytes of a file. An iterator for each of tens of thousands of files costs more than this. */
function contentOf(entry: Entry): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const parts: Buffer[] = []
  let isWhole = false
  entry.on('data', (part) => parts.push(part as Buffer))
  entry.on('end', () => {
    isWhole = true
    resolve(parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts))
  })
  entry.on('error', reject)
  entry.on('close', () => {
    if (!isWhole) reject(damaged('unexpected EOF'))
  })
  return promise
}

const blockBytes = 512

/**
 * Hands on a tar stream up to its end mark, two blocks of zeros where a header is due. Go, and so Velero, stops there,
 * whatever follows (padding, garbage, a second archive), while tar-stream would read it. A stream may also end where a
 * header is due, or in the padding of the last file: for Go both are whole. One that ends elsewhere is cut off. Whole
 * chunks are handed on: one turn for each of tens of thousands of entries costs more than all else that is done with them.
 */
async function* untilEndMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const reader = new ByteReader(chunks)
  let last: Span = { toEnd: 0, padding: 0 }
  for (;;) {
    const chunk = await reader.some(Infinity)
    if (chunk === undefined) break
    const passed = passEntries(chunk, last)
    last = passed.last
    yield chunk.subarray(0, passed.bytes)
    if (passed.failure !== undefined) throw passed.failure
    if (passed.isOver) return readAfterMark(reader, chunk.subarray(passed.bytes + blockBytes))
    // A header that goes on in the next chunk; after one that ends where a header is due there are none of it.
    reader.giveBack(chunk.subarray(passed.bytes))
    if (passed.bytes < chunk.length) reader.giveBack((await reader.exactly(blockBytes)) ?? Buffer.alloc(0))
  }
  if (last.toEnd > last.padding) throw damaged('unexpected EOF')
  yield Buffer.alloc(last.toEnd)
}

/** How far it is to the end of an entry that goes on behind a chunk, and how many bytes of its last block are padding. */
interface Span {
  toEnd: number
  padding: number
}

/** Passes over the entries of a chunk, of which the first bytes may belong to the last entry of the chunk before. */
function passEntries(chunk: Buffer, before: Span): { bytes: number; last: Span; isOver: boolean; failure?: unknown } {
  let bytes = Math.min(before.toEnd, chunk.length)
  let last: Span = { ...before, toEnd: before.toEnd - bytes }
  while (bytes + blockBytes <= chunk.length) {
    const header = chunk.subarray(bytes, bytes + blockBytes)
    if (isZero(header)) return { bytes, last, isOver: true }
    let size: number
    try {
      size = bodyBytes(header)
    } catch (failure) {
      return { bytes, last, isOver: false, failure }
    }
    const padding = (blockBytes - (size % blockBytes)) % blockBytes
    const span = blockBytes + size + padding
    const here = Math.min(span, chunk.length - bytes)
    bytes += here
    last = { toEnd: span - here, padding }
  }
  return { bytes, last, isOver: false }
}

/** What follows the first block of the end mark. */
async function readAfterMark(reader: ByteReader, rest: Buffer): Promise<void> {
  reader.giveBack(rest)
  const second = await reader.exactly(blockBytes)
  if (second !== undefined && !isZero(second)) throw damaged(invalidHeader)
  await readRest(reader)
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0)
}

const zero = '0'.charCodeAt(0)

/** The size of what follows a header. Links, devices and folders have none, whatever the header says, as in Go. */
function bodyBytes(header: Buffer): number {
  const type = header.readUInt8(156) - zero
  if (type >= 1 && type <= 6) return 0
  if ((header.readUInt8(124) & 0x80) !== 0) return Number(header.readBigUInt64BE(128))
  const digits = header.toString('latin1', 124, 136).replace(/^[ \0]+|[ \0].*$/g, '')
  if (!/^[0-7]*$/.test(digits)) throw damaged(invalidHeader)
  return Number.parseInt(`0${digits}`, 8)
}

/**
 * Of what follows the end mark only the checksum of the data before it counts, and the bound of bytes. Velero does not
 * read so far; a checksum that is wrong means that some item is not as it was saved.
 */
async function readRest(reader: ByteReader): Promise<void> {
  try {
    while ((await reader.some(Infinity)) !== undefined);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    if (error.kind === 'too-big' || error.message === badChecksum) throw error
  }
}
