import { ArchiveError } from '../../core/port-errors.ts'

/** What a tarball may cost. Each is a setting of the worker. */
export interface ArchiveBounds {
  /** All that the tarball inflates to. */
  inflatedBytesMax: number
  entriesMax: number
  /** What the list of its items may take in memory, about: the bytes of each path, and 180 for each item. */
  indexBytesMax: number
  itemBytesMax: number
}

export const defaultBounds: ArchiveBounds = {
  inflatedBytesMax: 20 * 1024 ** 3,
  entriesMax: 5_000_000,
  indexBytesMax: 512 * 1024 ** 2,
  itemBytesMax: 32 * 1024 ** 2,
}

/** Linux's limit on a path; such an archive could not be unpacked by Velero either. */
export const pathBytesMax = 4096

/** Names the bound, its value and the setting that raises it. */
export function tooBig(what: string, bound: keyof ArchiveBounds, value: number): ArchiveError {
  return new ArchiveError(
    'too-big',
    `${what} than ${value.toLocaleString('en-US')}, the bound of ${bound}; if the backup is genuine, raise the worker's setting ${bound}`,
  )
}
