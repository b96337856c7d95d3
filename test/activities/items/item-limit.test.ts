import { describe, expect, it } from 'vitest'
import { createItemLimit } from '../../../activities/items/item-limit.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createClock } from '../../ports/clock.ts'

/** How many of many calls run at once. */
async function atOnce(limit: ReturnType<typeof createItemLimit>): Promise<number> {
  let [running, most] = [0, 0]
  const call = async () => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
  }
  await Promise.all(Array.from({ length: 50 }, () => limit.run(call, 'one')))
  return most
}

/** An API server that answers at once. */
const quick = { get: () => Promise.resolve(undefined) }

const refused = (code: number) => ({
  trouble: { kind: 'passing', thrown: new ApiError({ code, reason: 'TooManyRequests', message: 'too many requests' }) },
})

describe('places for items', () => {
  it('are fewer after the API server refused an item because of its load, and return', async () => {
    const clock = createClock()
    const limit = createItemLimit(8, { clock, cluster: quick })
    expect(await atOnce(limit)).toBe(8)
    limit.answered(refused(429))
    expect(await atOnce(limit)).toBe(4)
    await clock.advance(1_000)
    limit.answered(refused(429))
    expect(await atOnce(limit)).toBe(2)
    for (let item = 0; item < 100; item++) limit.answered({ done: {} })
    expect(await atOnce(limit)).toBe(8)
  })

  it('stay for any other trouble', async () => {
    const limit = createItemLimit(8, { clock: createClock(), cluster: quick })
    limit.answered(refused(500))
    limit.answered({ terminating: 'shop' })
    limit.answered(undefined)
    expect(await atOnce(limit)).toBe(8)
  })

  it('are fewer while the API server answers nobody soon, and all of them after', async () => {
    const clock = createClock()
    let [readMs, running, most] = [5, 0, 0]
    const get = () => clock.sleep(readMs).then(() => undefined)
    const limit = createItemLimit(16, { clock, cluster: { get } })
    const item = () =>
      limit.run(async () => {
        most = Math.max(most, ++running)
        await clock.sleep(100)
        running--
        limit.answered({ done: {} })
      }, 'one')
    const mostOf = async (items: number) => {
      most = 0
      await clock.run(Promise.all(Array.from({ length: items }, item)))
      return most
    }
    expect(await mostOf(100)).toBe(16)
    readMs = 600
    await mostOf(1_000)
    expect(await mostOf(100)).toBe(2)
    readMs = 5
    await mostOf(2_000)
    expect(await mostOf(100)).toBe(16)
  })
})
