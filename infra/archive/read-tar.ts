import { ArchiveError } from '../../core/port-errors.ts'
import { pathBytesMax, tooBig, type ArchiveBounds } from './archive-bounds.ts'
import { damaged } from './archive-failure.ts'
import { cleanArchivePath } from './archive-path.ts'
import { ByteReader } from './byte-reader.ts'
import { badChecksum } from './gunzip.ts'
import { blockBytes, invalidHeader, isZero, readHeader, readLongName, readPax } from './tar-header.ts'
import type { EarlierWord, TarHeader } from './tar-header.ts'

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
 *
 * It ends where Go, and so Velero, ends: at two blocks of zeros where a header is due, whatever follows (padding, garbage, a
 * second archive). A stream may also end where a header is due, or in the padding of the last file: for Go both are whole.
 */
export async function* readTar(chunks: AsyncIterable<Buffer>, bounds: ArchiveBounds): AsyncGenerator<TarFile> {
  const reader = new ByteReader(chunks)
  let entries = 0
  let word: EarlierWord = {}
  for (;;) {
    const block = await reader.exactly(blockBytes)
    if (block === undefined) return
    if (isZero(block)) return await readAfterMark(reader)
    const header = { ...readHeader(block), ...word }
    const body = createBody(reader, header.sizeBytes)
    if (header.kind === 'long-name' || header.kind === 'pax') {
      word = { ...word, ...(await readWord(header, body)) }
    } else {
      word = {}
      if (++entries > bounds.entriesMax) throw tooBig('the tarball has more entries', 'entriesMax', bounds.entriesMax)
      const file = toFile(header, body, bounds)
      if (file !== undefined) yield file
    }
    await body.skip()
  }
}

/** No name is so long. */
const wordBytesMax = 1024 * 1024

async function readWord({ kind, sizeBytes }: TarHeader, body: Body): Promise<EarlierWord> {
  if (sizeBytes > wordBytesMax) throw damaged(invalidHeader)
  const bytes = await body.read()
  return kind === 'pax' ? readPax(bytes) : readLongName(bytes)
}

function toFile({ kind, name, sizeBytes }: TarHeader, body: Body, { itemBytesMax }: ArchiveBounds) {
  if (name.includes('\0')) throw damaged(invalidHeader)
  if (Buffer.byteLength(name) > pathBytesMax) {
    throw new ArchiveError(
      'too-big',
      `a path in the tarball is longer than ${pathBytesMax.toLocaleString('en-US')} bytes, the longest one of Linux (no setting raises it): ${name.slice(0, 80)}…`,
    )
  }
  const path = cleanArchivePath(name)
  const isFolder = kind === 'folder' || (kind === 'file' && name.endsWith('/'))
  if (!isFolder && kind !== 'file') return undefined
  const read = async (): Promise<Buffer> => {
    if (sizeBytes > itemBytesMax) throw tooBig(`${path} has more bytes`, 'itemBytesMax', itemBytesMax)
    return body.read()
  }
  return { path, isFolder, read }
}

/** The bytes that follow a header. */
interface Body {
  read(): Promise<Buffer>
  /** Passes over what was not read, and the padding. */
  skip(): Promise<void>
}

function createBody(reader: ByteReader, sizeBytes: number): Body {
  let left = sizeBytes
  const padding = (blockBytes - (sizeBytes % blockBytes)) % blockBytes
  return {
    async read() {
      const bytes = left === 0 ? Buffer.alloc(0) : await reader.exactly(left)
      if (bytes === undefined) throw damaged('unexpected EOF')
      left = 0
      return bytes
    },
    async skip() {
      if ((await reader.skip(left)) < left) throw damaged('unexpected EOF')
      await reader.skip(padding)
    },
  }
}

/** What follows the first block of the end mark. */
async function readAfterMark(reader: ByteReader): Promise<void> {
  const second = await reader.exactly(blockBytes)
  if (second !== undefined && !isZero(second)) throw damaged(invalidHeader)
  await readRest(reader)
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
