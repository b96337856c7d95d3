/** Characters of a server's message that are kept: before any expression sees it. Messages of Kubernetes are far shorter. */
const messageMax = 65_536

/**
 * An error answer of the API server. `code` is the HTTP status and `reason` the one of Kubernetes' Status object.
 * `message` is the server's own text, which is what Velero prints. A request that got no answer has code 0 and reason
 * `Unreachable` or `Timeout`.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: number
  readonly reason: string
  readonly causes: readonly ApiErrorCause[]
  readonly retryAfterSeconds: number | undefined
  /** It ran out of the time that it was given: it may succeed with more, or when the server is faster. */
  readonly outOfTime: boolean

  constructor(options: {
    code: number
    reason: string
    message: string
    causes?: readonly ApiErrorCause[]
    retryAfterSeconds?: number
    outOfTime?: boolean
    cause?: unknown
  }) {
    super(options.message.slice(0, messageMax), { cause: options.cause })
    this.code = options.code
    this.reason = options.reason
    this.causes = options.causes ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
    this.outOfTime = options.outOfTime ?? false
  }
}

/** One entry of `status.details.causes`. */
export interface ApiErrorCause {
  reason?: string
  message?: string
  field?: string
}

/** Whether a create failed because an object of that name exists. */
export function isAlreadyExists(error: unknown): boolean {
  return error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists'
}

/**
 * Whether a write failed because another writer changed the object first, or because its uid or resourceVersion is
 * another one.
 */
export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.code === 409 && error.reason === 'Conflict'
}

/** Whether the object, its namespace or its kind does not exist. */
export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.code === 404
}

/**
 * Whether the same request may succeed later: no answer, too many requests, a temporary error of the server, or this
 * worker has no valid Lease to write under (code 0, reason `NoLease`). A refusal (invalid, forbidden, conflict) is not
 * transient; it becomes an outcome.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  if (error.code === 0 || error.code === 429) return true
  if (finalWords.some((words) => words.test(error.message))) return false
  return (
    error.code === 502 ||
    error.code === 503 ||
    error.code === 504 ||
    (error.code === 403 && isNotReady.test(error.message)) ||
    (error.code === 500 && error.reason !== 'InternalError') ||
    error.reason === 'ServerTimeout'
  )
}

/** What an API server that has just started says, in the form of a refusal, before it has read its policies and webhooks. */
const isNotReady = / is forbidden: not yet ready to handle request$/

/** Refusals that come with a code of trouble: of a webhook that says no, and of an object that etcd cannot hold. */
const finalWords: readonly RegExp[] = [
  /^admission webhook "[^"]*" denied the request/,
  /etcdserver: request is too large/,
  /trying to send message larger than max/,
  /code = ResourceExhausted/,
]

/**
 * The API server's refusal, an answer that a later attempt would get again. Throws everything else on: transient
 * trouble, which is for the next attempt, and errors that are not the API server's.
 */
export function refusalOf(thrown: unknown): ApiError {
  if (!(thrown instanceof ApiError) || isTransient(thrown)) throw thrown
  return thrown
}

/** What is wrong with a backup location, its bucket or one object in the bucket. `plugin`: who asks runs no plugins. */
export type StoreErrorKind =
  | 'location'
  | 'plugin'
  | 'credentials'
  | 'no-bucket'
  | 'missing'
  | 'denied'
  | 'refused'
  | 'changed'
  | 'full'
  | 'unreachable'
  | 'other'

/** A failure of a bucket. `message` names location or key and the cause, never a credential. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: StoreErrorKind

  constructor(kind: StoreErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}

/** Whether the same request to the bucket may succeed later although nobody changes anything. */
export function isStoreTransient(error: unknown): boolean {
  return error instanceof StoreError && (error.kind === 'unreachable' || error.kind === 'other')
}

/** What is wrong with a backup's tarball. */
export type ArchiveErrorKind = 'missing' | 'damaged' | 'escape' | 'too-big' | 'changed' | 'damaged-cache' | 'disk'

/** A tarball that cannot be read. `message` is Velero's text where Velero has one. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError'
  readonly kind: ArchiveErrorKind

  constructor(kind: ArchiveErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.kind = kind
  }
}

/** Whether the copy on a worker's disk is at fault, not the tarball: another attempt makes it anew. */
export function isOfCopy({ kind }: ArchiveError): boolean {
  return kind === 'disk' || kind === 'damaged-cache'
}

/**
 * What is wrong with a plugin: its binary (nothing can be asked of it), or one call. `died`: its process ended in the midst of
 * the call, as often as it was made. `answer`: it answered with an error.
 */
export type PluginErrorKind = 'binary' | 'unknown' | 'died' | 'late' | 'answer'

/** A failure of a plugin. `message` is Velero's text where the plugin answers with an error, and names plugin and call elsewhere. */
export class PluginError extends Error {
  override readonly name = 'PluginError'
  readonly kind: PluginErrorKind

  constructor(kind: PluginErrorKind, message: string, options?: { cause?: unknown }) {
    super(message.slice(0, messageMax), options)
    this.kind = kind
  }
}
