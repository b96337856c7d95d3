import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { createPace } from '../../../client/show/pace.ts'
import { inWords, progressLine, progressSentence } from '../../../client/show/progress.ts'
import type { RestoreState } from '../../../client/api/restore-state.ts'
import { restorePhases } from '../../../velero/phases.ts'

const state = (more: Partial<RestoreState> = {}): RestoreState => ({
  name: 'r',
  phase: 'InProgress',
  over: false,
  wave: 3,
  waves: 12,
  groupResource: 'secrets',
  itemsDone: 2501,
  itemsTotal: 5003,
  warnings: 0,
  errors: 0,
  ...more,
})
const pace = { itemsPerSecond: 320, secondsLeft: 8 }

describe('the line about a running restore', () => {
  it('shows bar, phase, wave, part, time left, items and rate on a wide terminal', () => {
    expect(progressLine(state(), pace, 100)).toBe(
      '██████████████░░░░░░░░░░░░░░░░ InProgress wave 3/12 49%  8 s left  2501/5003  320/s  secrets',
    )
  })

  it('keeps to what matters in 40 columns', () => {
    const line = progressLine(state(), pace, 40)
    expect(line).toContain('wave 3/12 49%  8 s left')
    expect(line.length).toBeLessThanOrEqual(40)
  })

  it('says what is waited for instead of a time that nobody knows', () => {
    const line = progressLine(state({ waitingFor: 'namespace shop to be gone' }), pace, 100)
    expect(line).toContain('waiting: namespace shop to be gone')
    expect(line).not.toContain('left')
  })

  it('fits any width', () => {
    fc.assert(
      fc.property(
        fc.record({
          phase: fc.constantFrom(...restorePhases),
          itemsDone: fc.nat(100_000),
          itemsTotal: fc.nat(100_000),
          errors: fc.nat(),
          wave: fc.nat(500),
          waves: fc.nat(500),
          waitingFor: fc.string({ minLength: 1 }),
        }),
        fc.integer({ min: 1, max: 200 }),
        (some, width) => progressLine(state(some), pace, width).length <= width,
      ),
    )
  })

  it('is a sentence in a log', () => {
    expect(progressSentence(state({ errors: 2 }), pace)).toBe(
      'InProgress, wave 3/12 secrets, 2501 of 5003 items, 320/s, 8 s left, 2 errors',
    )
  })

  it.each([
    [0.2, '1 s'],
    [89, '89 s'],
    [150, '3 min'],
    [5400, '1 h 30 min'],
    [7500, '2 h 05 min'],
  ])('tells %d seconds as %s', (seconds, words) => {
    expect(inWords(seconds)).toBe(words)
  })
})

describe('the pace', () => {
  it('begins with the first item, not with the planning before it', () => {
    const pace = createPace()
    pace(0, 0, 1000)
    pace(60_000, 0, 1000)
    pace(61_000, 100, 1000)
    expect(pace(64_000, 400, 1000)).toEqual({ itemsPerSecond: 100, secondsLeft: 6 })
  })

  it('makes no guess out of nothing', () => {
    const pace = createPace()
    pace(0, 1, 5000)
    expect(pace(500, 100, 5000)).toEqual({ itemsPerSecond: 0 })
    expect(pace(10_000, 1, 5000).secondsLeft).toBeUndefined()
  })

  it('forgets what is long ago', () => {
    const pace = createPace()
    pace(0, 1, 5000)
    pace(1000, 1000, 5000)
    pace(100_000, 1100, 5000)
    expect(pace(110_000, 1200, 5000).itemsPerSecond).toBe(10)
  })
})
