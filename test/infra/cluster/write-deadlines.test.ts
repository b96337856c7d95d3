import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../core/port-errors.ts'
import type { ApiRequest } from '../../../infra/cluster/objects.ts'
import { withWriteDeadlines } from '../../../infra/cluster/objects.ts'

const late = new ApiError({ code: 504, reason: 'Timeout', message: 'Timeout: request did not complete' })
const post = (parts: Partial<ApiRequest> = {}): ApiRequest => ({ method: 'POST', path: '/configmaps', ...parts })

/** A connection whose first deadline is near at once, over a server that ends nothing within it. */
function connection(answers: { short?: Error; long?: Error } = { short: late }, holds = true) {
  const sent: string[] = []
  const held = { now: 0 }
  const plain = (request: ApiRequest, guard?: () => void) => {
    guard?.()
    const long = request.timeoutSeconds === 60
    sent.push(`${long ? 'long' : 'short'} ${request.lane ?? 'bulk'}, ${held.now} held`)
    const thrown = long ? answers.long : answers.short
    return thrown === undefined ? Promise.resolve('done') : Promise.reject(thrown)
  }
  const holdLongWrite = () => {
    held.now++
    return Promise.resolve({ assertMayWrite: () => undefined, release: () => void held.now-- })
  }
  const send = withWriteDeadlines(plain, { requestTimeoutSeconds: 0.5, ...(holds ? { holdLongWrite } : {}) })
  return { send, sent, held }
}

describe('a write', () => {
  it('that ends in time is sent once, and holds nothing', async () => {
    const { send, sent } = connection({})
    expect(await send(post())).toBe('done')
    expect(sent).toEqual(['short bulk, 0 held'])
  })

  it('that does not is sent again with the limit of the server, under a Lease that covers it', async () => {
    const { send, sent, held } = connection()
    expect(await send(post())).toBe('done')
    expect(sent).toEqual(['short bulk, 0 held', 'long slow, 1 held'])
    expect(held.now).toBe(0)
  })

  it('says that it ran out of time where its caller sets the short deadline', async () => {
    const { send, sent } = connection()
    await expect(send(post({ deadline: 'short' }))).rejects.toMatchObject({ code: 504, outOfTime: true })
    expect(sent).toHaveLength(1)
  })

  it('has the long deadline at once where its caller sets it', async () => {
    const { send, sent } = connection({ long: late })
    await expect(send(post({ deadline: 'long' }))).rejects.toMatchObject({ outOfTime: true })
    expect(sent).toEqual(['long slow, 1 held'])
  })

  it.each([
    ['is refused', new ApiError({ code: 403, reason: 'Forbidden', message: 'no' }), post()],
    ['is cut off by a webhook, where the caller set the deadline', late, post({ timeoutSeconds: 4 })],
    ['is a read', late, { method: 'GET', path: '/configmaps' } as const],
  ])('that %s is not sent again', async (_what, thrown, request) => {
    const { send, sent } = connection({ short: thrown })
    await expect(send(request)).rejects.toBe(thrown)
    expect(sent).toHaveLength(1)
  })

  it('is given up where no Lease is kept', async () => {
    const { send } = connection({ short: late }, false)
    await expect(send(post())).rejects.toBe(late)
  })

  it('that a webhook did not let through in time has run out of time too', async () => {
    const message = 'Internal error occurred: failed calling webhook "a": context deadline exceeded'
    const { send } = connection({ short: new ApiError({ code: 500, reason: 'InternalError', message }) })
    await expect(send(post({ deadline: 'short' }))).rejects.toMatchObject({ message, outOfTime: true })
  })
})
