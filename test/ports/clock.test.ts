import { describe, expect, it } from 'vitest'
import { createClock } from './clock.ts'

const start = new Date('2026-01-01T00:00:00Z')

describe('a simulated clock', () => {
  it('stands still while code runs, and jumps to the first sleeper when all code waits', async () => {
    const clock = createClock(start)
    const woken: string[] = []
    const sleep = async (name: string, ms: number) => {
      await clock.sleep(ms)
      woken.push(`${name} at ${clock.nowMs() - start.getTime()}`)
    }
    await clock.run(Promise.all([sleep('late', 60_000), sleep('soon', 10), sleep('soon too', 10)]))
    expect(woken).toEqual(['soon at 10', 'soon too at 10', 'late at 60000'])
  })

  it('passes on what the work came to, and leaves whoever sleeps longer asleep', async () => {
    const clock = createClock(start)
    let woken = false
    clock.later(5_000, () => (woken = true))
    expect(await clock.run(clock.sleep(1_000).then(() => 'done'))).toBe('done')
    await expect(clock.run(Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect([woken, clock.nowMs() - start.getTime()]).toEqual([false, 1_000])
    await clock.advance(4_000)
    expect(woken).toBe(true)
  })

  it('ends a sleep with the reason of its signal', async () => {
    const clock = createClock(start)
    const stop = new AbortController()
    const sleeping = clock.sleep(1_000, stop.signal)
    stop.abort(new Error('cancelled'))
    await expect(sleeping).rejects.toThrow('cancelled')
    await expect(clock.sleep(1_000, stop.signal)).rejects.toThrow('cancelled')
    await clock.advance(2_000)
  })

  it('tells that nothing goes on where nobody sleeps', async () => {
    const clock = createClock(start)
    await expect(clock.run(new Promise(() => {}))).rejects.toThrow('nothing goes on')
  })
})
