import { StoreError, type StoreErrorKind } from '../../core/port-errors.ts'

/** Where a request went, for messages; `secrets` are texts that no message may hold. */
export interface StorePlace {
  bucket: string
  endpoint: string
  secrets: readonly string[]
  /** Where credentials were looked for before the SDK's default chain. */
  looked?: string
}

/**
 * Turns a failure of the SDK into a `StoreError`: what Velero's plugin would say (`doing` is its opening, such as
 * `error getting object <key>`), then where, and what a person can do about it. The SDK's own error is not kept as
 * the cause, since it repeats parts of the signed request.
 */
export function toStoreError(error: unknown, doing: string, place: StorePlace): StoreError {
  if (error instanceof StoreError) return error
  const kind = classify(error)
  const opening = doing === '' ? '' : `${doing}: `
  const message = `rpc error: code = Unknown desc = ${opening}${describeCause(error)} (bucket ${place.bucket} at ${place.endpoint}${advice(kind, error, place)})`
  return new StoreError(kind, redact(message, place.secrets))
}

/** An endpoint without what may be a credential in it. */
export function describeEndpoint(endpoint: string | undefined): string {
  if (endpoint === undefined) return 's3.amazonaws.com'
  const { protocol, host, pathname } = new URL(endpoint)
  return `${protocol}//${host}${pathname}`.replace(/\/+$/, '')
}

/** What kind of failure an error of the SDK, of a socket or of a body stream is. */
export function classify(error: unknown): StoreErrorKind {
  const { code, name, status, message } = facts(error)
  const known = kinds[name] ?? kinds[code]
  if (known !== undefined) return known
  if (status === 507 || /no space left|quota exceeded/i.test(message)) return 'full'
  if (isCertificateTrouble(code)) return 'location'
  if (status === 404 && code !== '' && code !== 'UnknownError') return 'other'
  if (status !== undefined && status > 0) return classifyStatus(status)
  return isNetworkTrouble(code, name) ? 'unreachable' : 'other'
}

const kinds: Readonly<Record<string, StoreErrorKind>> = {
  NoSuchBucket: 'no-bucket',
  NoSuchKey: 'missing',
  NotFound: 'missing',
  // What versitygw answers, with status 404, to an access key that it does not know.
  XAdminUserNotFound: 'credentials',
  InvalidAccessKeyId: 'credentials',
  SignatureDoesNotMatch: 'credentials',
  ExpiredToken: 'credentials',
  ExpiredTokenException: 'credentials',
  InvalidIdentityToken: 'credentials',
  InvalidIdentityTokenException: 'credentials',
  IDPRejectedClaim: 'credentials',
  IDPRejectedClaimException: 'credentials',
  IDPCommunicationError: 'unreachable',
  IDPCommunicationErrorException: 'unreachable',
  InvalidToken: 'credentials',
  TokenRefreshRequired: 'credentials',
  RequestTimeTooSkewed: 'credentials',
  CredentialsProviderError: 'credentials',
  AccessDenied: 'denied',
  AllAccessDisabled: 'denied',
  InvalidObjectState: 'denied',
  PreconditionFailed: 'changed',
  QuotaExceeded: 'full',
  InsufficientStorage: 'full',
  XMinioStorageFull: 'full',
  ENOSPC: 'full',
  EDQUOT: 'full',
  PermanentRedirect: 'location',
  AuthorizationHeaderMalformed: 'location',
  InvalidBucketName: 'location',
  NotImplemented: 'location',
  // Sent again, the same request gets the same answer.
  KeyTooLongError: 'refused',
  EntityTooLarge: 'refused',
  InvalidArgument: 'refused',
  InvalidRequest: 'refused',
  InvalidURI: 'refused',
  // Its body was damaged or cut off on the way.
  BadDigest: 'unreachable',
  IncompleteBody: 'unreachable',
  XAmzContentSHA256Mismatch: 'unreachable',
  SlowDown: 'unreachable',
  RequestTimeout: 'unreachable',
  TimeoutError: 'unreachable',
}

function classifyStatus(status: number): StoreErrorKind {
  if (status === 404) return 'missing'
  if (status === 412) return 'changed'
  if (status === 501 || status === 301) return 'location'
  if (status === 408 || status === 409 || status === 429 || status >= 500) return 'unreachable'
  if (status === 401 || status === 403) return 'denied'
  return status >= 400 ? 'refused' : 'other'
}

function isNetworkTrouble(code: string, name: string): boolean {
  return (
    /^(E[A-Z]+|UND_ERR_.*|ERR_STREAM_PREMATURE_CLOSE|EAI_.*)$/.test(code) ||
    name === 'AggregateError' ||
    name === 'AbortError'
  )
}

function isCertificateTrouble(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|HOSTNAME_MISMATCH|ERR_TLS|ERR_SSL|EPROTO/.test(code)
}

function advice(kind: StoreErrorKind, error: unknown, { looked }: StorePlace): string {
  if (facts(error).name === 'CredentialsProviderError' && looked !== undefined)
    return `; ${looked}, and neither the environment nor the identity of the pod or the machine gives credentials`
  if (/\bsts:AssumeRole/.test(facts(error).message)) return `; allow sts:AssumeRole, and trust its caller in the role`
  if (facts(error).name === 'RequestTimeTooSkewed') return `; set this machine's clock`
  switch (kind) {
    case 'no-bucket':
      return `; create the bucket or correct spec.objectStorage.bucket`
    case 'credentials':
      return `; renew the credentials that the backup location names`
    case 'denied':
      return `; allow s3:GetObject, PutObject, DeleteObject and ListBucket there`
    case 'full':
      return `; free space or raise its quota`
    case 'unreachable':
      return `; check that it runs and that the location's s3Url is right`
    case 'location':
      return isCertificateTrouble(facts(error).code)
        ? `; give its certificate as caCert or caCertRef of the backup location`
        : `; check region, s3Url and bucket of the backup location`
    case 'plugin':
    case 'missing':
    case 'refused':
    case 'changed':
    case 'other':
      return ''
    default:
      return kind satisfies never
  }
}

function describeCause(error: unknown): string {
  const { name, code, message, status } = facts(error)
  const label = status === undefined || name === 'Error' ? code : name
  const text =
    message === '' || message === 'UnknownError' ? (status === undefined ? name : `status ${status}`) : message
  return label === '' || text.includes(label) ? text : `${label}: ${text}`
}

function facts(error: unknown): { code: string; name: string; status: number | undefined; message: string } {
  if (typeof error !== 'object' || error === null)
    return { code: '', name: '', status: undefined, message: String(error) }
  const { name, message, code, Code, $metadata } = error as Record<string, unknown> & {
    $metadata?: { httpStatusCode?: number }
  }
  return {
    code: asText(code) || asText(Code),
    name: asText(name),
    status: $metadata?.httpStatusCode,
    message: asText(message),
  }
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function redact(message: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), message)
}
