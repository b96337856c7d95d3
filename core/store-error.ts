/** What is wrong with a backup location, its bucket or one object in it. */
export type StoreErrorKind =
  'location' | 'credentials' | 'no-bucket' | 'missing' | 'denied' | 'changed' | 'full' | 'unreachable' | 'other'

/** A failure of a bucket. `message` names location or key and the cause, never a credential. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: StoreErrorKind

  constructor(kind: StoreErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}

/** Whether the same request may succeed later without anybody changing anything. */
export function isStoreTransient(error: unknown): boolean {
  return error instanceof StoreError && (error.kind === 'unreachable' || error.kind === 'other')
}
