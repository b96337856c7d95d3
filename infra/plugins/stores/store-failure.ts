import { ApiError, isTransient, PluginError, StoreError } from '../../../core/port-errors.ts'
import type { StoreErrorKind } from '../../../core/port-errors.ts'

/** What a message about a location names. */
export interface PluginPlace {
  plugin: string
  bucket: string
  /** The BackupStorageLocation. */
  location: string
}

/**
 * Turns a failure of a plugin into the `StoreError` of the port. `doing` is how the message begins, such as
 * `error getting object <key>`; the plugin's own words follow, and then plugin and location.
 */
export function toStoreError(thrown: unknown, doing: string, place: PluginPlace): StoreError {
  if (thrown instanceof StoreError) return thrown
  if (thrown instanceof ApiError)
    return new StoreError(
      isTransient(thrown) || thrown.code === 409 ? 'unreachable' : 'denied',
      `${doing}: the Lease in the cluster that stands for a conditional write: ${thrown.message}`,
    )
  if (!(thrown instanceof PluginError)) throw thrown
  const where = `(bucket ${place.bucket} of BackupStorageLocation ${JSON.stringify(place.location)}, by ObjectStore plugin ${place.plugin})`
  return new StoreError(kindOf(thrown), `${begin(thrown.message, doing)} ${where}`)
}

/** Velero's words have the code of gRPC first. */
function begin(message: string, doing: string): string {
  const [, code, text] = /^(rpc error: code = \w+ desc = )([^]*)$/.exec(message) ?? []
  return code === undefined || text === undefined ? `${doing}: ${message}` : `${code}${doing}: ${text}`
}

function kindOf({ kind, message, cause }: PluginError): StoreErrorKind {
  switch (kind) {
    case 'unknown':
      return 'location'
    case 'binary': {
      // The failure of `Init` has the reason as its cause.
      const known = cause instanceof PluginError ? kindOf(cause) : 'other'
      return known === 'other' ? 'location' : known
    }
    case 'died':
    case 'late':
      return 'unreachable'
    case 'answer':
      return kindOfWords(message)
    default:
      return kind satisfies never
  }
}

/** The protocol has texts only. What no text is known for counts as trouble that may pass. */
export function kindOfWords(message: string): StoreErrorKind {
  return words.find(([, pattern]) => pattern.test(message))?.[0] ?? 'other'
}

/** Of Google's, Amazon's and Microsoft's libraries for Go. */
const words: readonly [StoreErrorKind, RegExp][] = [
  ['refused', /has answered \w+ with more than/],
  ['no-bucket', /NoSuchBucket|bucket (doesn't|does not) exist|ContainerNotFound|container does not exist/i],
  ['missing', /NoSuchKey|object (doesn't|does not) exist|BlobNotFound|No such object/i],
  [
    'credentials',
    /InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|invalid_grant|invalid_client|could not find default credentials|AuthenticationFailed|Error 401|StatusCode: 401/i,
  ],
  [
    'denied',
    /AccessDenied|AuthorizationFailure|AuthorizationPermissionMismatch|Error 403|StatusCode: 403|permission denied/i,
  ],
  ['full', /no space left|quota exceeded|QuotaExceeded/i],
  [
    'unreachable',
    /dial tcp|connection (refused|reset)|no such host|timeout|deadline exceeded|\bEOF\b|TLS handshake|Error 5\d\d|StatusCode: 5\d\d/i,
  ],
]
