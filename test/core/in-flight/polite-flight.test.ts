import { describe, expect, it } from 'vitest'
import { afterRead, politeFlight } from '../../../core/in-flight/polite-flight.ts'

/** The flight after reads that took so long, in milliseconds. */
const after = (...reads: number[]) => reads.reduce(afterRead, politeFlight(32))
const times = (count: number, ms: number) => Array.from({ length: count }, () => ms)

describe('the number of items of polite restores in flight', () => {
  it('is at most a quarter of the setting, and at least one', () => {
    expect(after(...times(100, 2)).limit).toBe(8)
    expect(politeFlight(3)).toMatchObject({ max: 1, limit: 1 })
  })

  it('is halved by each read that takes more than twice the time of a quiet one, down to one', () => {
    expect(after(10, 25).limit).toBe(8)
    expect(after(10, 26).limit).toBe(4)
    expect(after(10, 26, 26, 26, 26).limit).toBe(1)
  })

  it('is halved where a read has no answer, but not by the first read', () => {
    expect(after(10, Infinity).limit).toBe(4)
    expect(after(Infinity).limit).toBe(8)
    expect(after(Infinity, 10, 26).limit).toBe(4)
  })

  it('grows by one after four reads in a row that are not slow', () => {
    const low = [10, 26, 26]
    expect(after(...low, 10, 10, 10).limit).toBe(2)
    expect(after(...low, 10, 10, 10, 10).limit).toBe(3)
    expect(after(...low, 10, 10, 26, 10, 10).limit).toBe(1)
    expect(after(...low, ...times(100, 10)).limit).toBe(8)
  })

  it('measures by the fastest read, and follows a server that stays slow with one item in flight', () => {
    expect(after(10, 2, 10).limit).toBe(4)
    expect(after(2, ...times(20, 30)).limit).toBe(1)
    expect(after(2, ...times(150, 30)).limit).toBeGreaterThan(1)
  })
})
