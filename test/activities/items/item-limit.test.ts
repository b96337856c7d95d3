import { describe, expect, it } from 'vitest'
import { createItemLimit } from '../../../activities/items/item-limit.ts'
import { ApiError } from '../../../core/port-errors.ts'

/** How many of many calls run at once. */
async function atOnce(limit: ReturnType<typeof createItemLimit>): Promise<number> {
  let [running, most] = [0, 0]
  const call = async () => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
  }
  await Promise.all(Array.from({ length: 50 }, () => limit.run(call)))
  return most
}

const refused = (code: number) => ({
  trouble: { kind: 'passing', thrown: new ApiError({ code, reason: 'TooManyRequests', message: 'too many requests' }) },
})

describe('places for items', () => {
  it('are fewer after the API server refused an item because of its load, and return', async () => {
    let nowMs = 0
    const limit = createItemLimit(8, { now: () => new Date(nowMs) })
    expect(await atOnce(limit)).toBe(8)
    limit.answered(refused(429))
    expect(await atOnce(limit)).toBe(4)
    nowMs = 1_000
    limit.answered(refused(429))
    expect(await atOnce(limit)).toBe(2)
    for (let item = 0; item < 100; item++) limit.answered({ done: {} })
    expect(await atOnce(limit)).toBe(8)
  })

  it('stay for any other trouble', async () => {
    const limit = createItemLimit(8, { now: () => new Date(0) })
    limit.answered(refused(500))
    limit.answered({ terminating: 'shop' })
    limit.answered(undefined)
    expect(await atOnce(limit)).toBe(8)
  })
})
