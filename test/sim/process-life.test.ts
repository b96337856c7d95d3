import { describe, expect, it } from 'vitest'
import { createClock } from '../ports/clock.ts'
import { beginLife } from './process-life.ts'

describe('a simulated process that is frozen', () => {
  it('learns what the server knows when it goes on, not before', async () => {
    const clock = createClock()
    const { freeze, nextBeat } = beginLife(clock, 0)
    let learned = 0
    freeze(5_000)
    void nextBeat().then(() => learned++)
    await clock.advance(5_999)
    expect(learned).toBe(0)
    await clock.advance(1)
    expect(learned).toBe(1)
  })
})

describe('who sleeps in a simulated process', () => {
  it('does not wake while it is frozen', async () => {
    const clock = createClock()
    const { clock: own, freeze } = beginLife(clock, 0)
    let woken = 0
    void own.sleep(1_000).then(() => woken++)
    freeze(5_000)
    await clock.advance(4_999)
    expect(woken).toBe(0)
    await clock.advance(1)
    expect(woken).toBe(1)
  })

  it('never wakes once it is dead', async () => {
    const clock = createClock()
    const { clock: own, die, thawed } = beginLife(clock, 0)
    let woken = 0
    void own.sleep(1_000).then(() => woken++)
    die()
    await clock.advance(60_000)
    expect(woken).toBe(0)
    await expect(thawed()).rejects.toThrow('the process is dead')
  })
})
