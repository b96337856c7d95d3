import { Readable } from 'node:stream'
import { extract, type Extract } from 'tar-stream'
import { ArchiveError } from '../../core/port-errors.ts'
import { pathBytesMax, tooBig, type ArchiveBounds } from './archive-bounds.ts'
import { cleanArchivePath } from './archive-path.ts'
import { untilArchiveEnd } from './until-archive-end.ts'

/** One entry of the tarball; only a regular file has content. */
export interface TarFile {
  path: string
  isFolder: boolean
  /** Must be called, or not, before the next entry is asked for. */
  read(): Promise<Buffer>
}

/**
 * Reads a tar stream entry by entry, with Velero's rules: every path is checked, folders and regular files count,
 * links and devices are passed over. At most one item is in memory at a time.
 */
export async function* readTar(chunks: AsyncIterable<Buffer>, bounds: ArchiveBounds): AsyncGenerator<TarFile> {
  const tar = extract(options)
  let sourceFailure: unknown
  const source = Readable.from(untilArchiveEnd(chunks), { objectMode: false, highWaterMark: 256 * 1024 })
  source.once('error', (error) => {
    sourceFailure = error
    tar.destroy(error)
  })
  source.pipe(tar)
  let entries = 0
  try {
    for await (const entry of tar) {
      if (++entries > bounds.entriesMax) throw tooBig('the tarball has more entries', 'entriesMax', bounds.entriesMax)
      const file = toFile(entry, bounds)
      if (file !== undefined) yield file
      if (!entry.destroyed) entry.resume()
    }
    if (sourceFailure !== undefined) throw sourceFailure
  } catch (error) {
    throw sourceFailure ?? toGoError(error)
  } finally {
    source.destroy()
    tar.destroy()
  }
}

type Entry = Extract extends AsyncIterable<infer T> ? T : never

/** Tarballs of the oldest format, without a magic number, are as good as others. */
const options: Parameters<typeof extract>[0] & { allowUnknownFormat: boolean } = { allowUnknownFormat: true }

function toFile(entry: Entry, { itemBytesMax }: ArchiveBounds): TarFile | undefined {
  const { name, type, size } = entry.header
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
    for await (const part of entry as AsyncIterable<Buffer>) parts.push(part)
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  }
  return { path, isFolder, read }
}

function toGoError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ArchiveError || 'code' in error) return error
  if (error.message === 'Unexpected end of data') return new ArchiveError('truncated', 'unexpected EOF')
  if (/invalid (tar )?header|header exceeds|invalid pax/i.test(error.message)) {
    return new ArchiveError('not-gzip', 'archive/tar: invalid tar header')
  }
  return error
}
