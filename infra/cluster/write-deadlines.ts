import { ApiError } from '../../core/port-errors.ts'
import type { ApiRequest, Send } from './api-request.ts'
import type { LongWrite } from '../presence/write-horizon.ts'

/** The API server's own limit for a write, unless it was started with another one; for most resources it is 34 s. */
const longWriteSeconds = 60

/** How much time a connection gives to a write. */
export interface WriteDeadlines {
  /** The server's deadline for a write (rule 7): where a Lease is kept, 10 s plus this must stay below its 15 s. */
  requestTimeoutSeconds: number
  /** Makes the Lease cover a write that did not end in that time. Without it, such a write is given up. */
  holdLongWrite?: (() => Promise<LongWrite>) | undefined
}

/** What is near the deadline was ended by it, whatever the words: clocks and timers are not that exact. */
const nearSeconds = 0.5

/**
 * Gives a write the time that it needs. It is sent with a short deadline first, which the Lease covers anyway. One that
 * does not end in time is sent again with the API server's own limit, once the Lease covers that (rule 7). `plain` sends
 * a request once; `guard` is asked in place of the connection's own when the request goes on the wire.
 */
export function withWriteDeadlines(
  plain: (request: ApiRequest, guard?: () => void) => Promise<unknown>,
  { requestTimeoutSeconds, holdLongWrite }: WriteDeadlines,
): Send {
  async function sendShort(request: ApiRequest): Promise<unknown> {
    const began = performance.now()
    try {
      return await plain(request)
    } catch (thrown) {
      const seconds = (performance.now() - began) / 1000
      const isLate = seconds > requestTimeoutSeconds - nearSeconds
      throw isLate && thrown instanceof ApiError && isOfDeadline(thrown) ? asOutOfTime(thrown) : thrown
    }
  }

  async function sendLong(request: ApiRequest, hold: NonNullable<typeof holdLongWrite>): Promise<unknown> {
    const held = await hold()
    try {
      return await plain({ ...request, lane: 'slow', timeoutSeconds: longWriteSeconds }, () => held.assertMayWrite())
    } catch (thrown) {
      throw thrown instanceof ApiError && isTimeout(thrown) ? asOutOfTime(thrown) : thrown
    } finally {
      held.release()
    }
  }

  return async (request) => {
    if (holdLongWrite === undefined || request.method === 'GET' || request.timeoutSeconds !== undefined)
      return plain(request)
    if (request.deadline === 'long') return sendLong(request, holdLongWrite)
    try {
      return await sendShort(request)
    } catch (thrown) {
      if (request.deadline === 'short' || !(thrown instanceof ApiError && thrown.outOfTime)) throw thrown
      return sendLong(request, holdLongWrite)
    }
  }
}

function isTimeout({ code, reason }: ApiError): boolean {
  return reason === 'Timeout' || code === 504
}

/** Whether an error may come from the deadline: no answer, the server's own word for it, or a webhook that it cut off. */
function isOfDeadline(error: ApiError): boolean {
  if (error.code === 0) return isTimeout(error)
  return isTimeout(error) || /context deadline exceeded|timeout/i.test(error.message)
}

function asOutOfTime(error: ApiError): ApiError {
  const { code, reason, message, causes, retryAfterSeconds } = error
  return new ApiError({
    code,
    reason,
    message,
    causes,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    outOfTime: true,
    cause: error,
  })
}
