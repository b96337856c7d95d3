import { createGunzip } from 'node:zlib'
import { pipeline } from 'node:stream'
import type { Readable } from 'node:stream'
import { ArchiveError } from '../../core/archive-error.ts'
import { StoreError } from '../../core/store-error.ts'
import { tooBig, type ArchiveBounds } from './archive-bounds.ts'

/**
 * Unzips a tarball as it comes, at the speed of its reader. Failures have Go's texts, as in Velero's results; a
 * failure of the source stays what it is. A zip bomb is stopped at the bound, before it has gone to memory or disk.
 */
export async function* inflate(
  source: Readable,
  bounds: Pick<ArchiveBounds, 'inflatedBytesMax'>,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 })
  let sourceFailure: unknown
  source.once('error', (error) => (sourceFailure = error))
  pipeline(source, gunzip, () => {})
  let bytes = 0
  try {
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bounds.inflatedBytesMax) {
        throw tooBig('the tarball inflates to more bytes', 'inflatedBytesMax', bounds.inflatedBytesMax)
      }
      yield chunk
    }
    // An empty file is no error for zlib; Go finds no header in it.
    if (gunzip.bytesWritten === 0) throw new ArchiveError('truncated', 'EOF')
  } catch (error) {
    if (error instanceof ArchiveError) throw error
    throw sourceFailure ?? toGoError(error)
  } finally {
    source.destroy()
    gunzip.destroy()
  }
}

function toGoError(error: unknown): unknown {
  if (error instanceof StoreError) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return new ArchiveError('truncated', 'unexpected EOF')
  if (code !== 'Z_DATA_ERROR' && code !== 'Z_NEED_DICT') return error
  if (/incorrect header check|unknown compression method|unknown header flags|header crc/.test(message)) {
    return new ArchiveError('not-gzip', 'gzip: invalid header')
  }
  if (/incorrect (data|length) check/.test(message)) return new ArchiveError('not-gzip', 'gzip: invalid checksum')
  return new ArchiveError('not-gzip', `flate: corrupt input: ${message}`)
}
