import { ApiError } from '../../core/port-errors.ts'

/** The `ApiError` (code 0) of a request that got no answer; an `ApiError` or the caller's own abort passes unchanged. */
export function networkError(error: unknown, what: string, signal?: AbortSignal): unknown {
  if (error instanceof ApiError) return error
  if (signal?.aborted === true) return error
  const timedOut = timeoutCodes.has(errorCode(error))
  return new ApiError({
    code: 0,
    reason: timedOut ? 'Timeout' : 'Unreachable',
    message: `${what}: ${timedOut ? 'no answer in the time allotted' : describe(error)}`,
    cause: error,
  })
}

const timeoutCodes = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** An AggregateError of a host with several addresses has no message of its own. */
function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join(', ')
  if (error instanceof Error) return error.message === '' ? errorCode(error) : error.message
  return String(error)
}
