import { ApiError, type ApiErrorCause } from '../../core/port-errors.ts'

/** An answer that is no success. */
export interface FailedAnswer {
  method: string
  code: number
  contentType: string
  retryAfter: string | undefined
  body: string
}

/**
 * The `ApiError` of an answer: the server's own Status where it sent one, and where something else answered (a proxy,
 * a path that is not served) the words that Kubernetes' own client has for the code, since those stand in Velero's results.
 */
export function readApiError(answer: FailedAnswer): ApiError {
  return fromStatus(answer) ?? fromCode(answer)
}

function fromStatus(answer: FailedAnswer): ApiError | undefined {
  const status = parseStatus(answer.body)
  if (status === undefined) return undefined
  const details = asRecord(status['details'])
  const retryAfterSeconds = asNumber(details['retryAfterSeconds']) ?? headerSeconds(answer.retryAfter)
  return new ApiError({
    code: asNumber(status['code']) ?? answer.code,
    reason: asString(status['reason']) ?? '',
    message: asString(status['message']) ?? '',
    causes: readCauses(details['causes']),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

function parseStatus(body: string): Record<string, unknown> | undefined {
  if (!body.startsWith('{')) return undefined
  try {
    const value = asRecord(JSON.parse(body))
    return value['kind'] === 'Status' && value['status'] !== 'Success' ? value : undefined
  } catch {
    return undefined
  }
}

function readCauses(value: unknown): ApiErrorCause[] {
  if (!Array.isArray(value)) return []
  return value.map((entry) => {
    const cause = asRecord(entry)
    const reason = asString(cause['reason'])
    const message = asString(cause['message'])
    const field = asString(cause['field'])
    return {
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      ...(field === undefined ? {} : { field }),
    }
  })
}

const textCharactersMax = 2048

function fromCode(answer: FailedAnswer): ApiError {
  const text = answer.contentType.startsWith('text/') ? answer.body.slice(0, textCharactersMax).trim() : 'unknown'
  const retryAfterSeconds = headerSeconds(answer.retryAfter)
  return new ApiError({
    code: answer.code,
    ...wordsFor(answer.code, answer.method, text),
    causes: [{ reason: 'UnexpectedServerResponse', message: text }],
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  })
}

/** Kubernetes' words for a bare status code (k8s.io/apimachinery, pkg/api/errors). */
function wordsFor(code: number, method: string, text: string): { reason: string; message: string } {
  switch (code) {
    case 400:
      return { reason: 'BadRequest', message: 'the server rejected our request for an unknown reason' }
    case 401:
      return { reason: 'Unauthorized', message: 'the server has asked for the client to provide credentials' }
    case 403:
      return { reason: 'Forbidden', message: text }
    case 404:
      return { reason: 'NotFound', message: 'the server could not find the requested resource' }
    case 405:
      return { reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource' }
    case 406:
      return {
        reason: 'NotAcceptable',
        message:
          text === '' || text === 'unknown'
            ? 'the server was unable to respond with a content type that the client supports'
            : text,
      }
    case 409:
      return { reason: method === 'POST' ? 'AlreadyExists' : 'Conflict', message: 'the server reported a conflict' }
    case 415:
      return { reason: 'UnsupportedMediaType', message: text }
    case 422:
      return { reason: 'Invalid', message: 'the server rejected our request due to an error in our request' }
    case 429:
      return {
        reason: 'TooManyRequests',
        message: 'the server has received too many requests and has asked us to try again later',
      }
    case 503:
      return { reason: 'ServiceUnavailable', message: 'the server is currently unable to handle the request' }
    case 504:
      return {
        reason: 'Timeout',
        message:
          'the server was unable to return a response in the time allotted, but may still be processing the request',
      }
    default:
      return otherWords(code, text)
  }
}

function otherWords(code: number, text: string): { reason: string; message: string } {
  if (code < 500) {
    return {
      reason: '',
      message: `the server responded with the status code ${code} but did not return more information`,
    }
  }
  return {
    reason: 'InternalError',
    message: `an error on the server (${JSON.stringify(text)}) has prevented the request from succeeding`,
  }
}

function headerSeconds(header: string | undefined): number | undefined {
  if (header === undefined || !/^\d{1,6}$/.test(header)) return undefined
  return Number(header)
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function asNumber(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
