import { ArchiveError, StoreError } from '../../core/port-errors.ts'

/** A tarball that is not whole or not what it should be; `text` is what Go, and so Velero, says of it. */
export function damaged(text: string, options?: { cause?: unknown }): ArchiveError {
  return new ArchiveError('damaged', text, options)
}

/** What to say of a failure while an archive is written to or read from the cache folder `dir`. */
export function toArchiveFailure(error: unknown, dir: string): unknown {
  if (error instanceof ArchiveError || error instanceof StoreError) return error
  const { code, message } = error as NodeJS.ErrnoException
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return disk(
        `no space left for the archive cache in ${dir} (${code}): free space, give it a larger volume, or lower cacheBytesMax`,
      )
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return disk(`the archive cache in ${dir} cannot be written (${code}): make the folder writable for the worker`)
    case 'EIO':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOENT':
    case 'ENOTDIR':
      return disk(`the archive cache in ${dir} failed: ${message}`)
    default:
      return error
  }
}

function disk(message: string): ArchiveError {
  return new ArchiveError('disk', message)
}
