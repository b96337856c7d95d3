/** What is wrong with a backup's tarball. */
export type ArchiveErrorKind =
  'missing' | 'not-gzip' | 'truncated' | 'escape' | 'too-big' | 'changed' | 'damaged-cache' | 'disk'

/** A tarball that cannot be read. `message` is Velero's text where Velero has one. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
  readonly kind: ArchiveErrorKind

  constructor(kind: ArchiveErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}
