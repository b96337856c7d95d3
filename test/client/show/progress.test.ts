import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import * as fc from 'fast-check'
import { createDisplay, formatSeconds, progressLine, progressSentence } from '../../../client/show/progress.ts'
import type { RestoreState } from '../../../client/api/restore-state.ts'
import { restorePhases } from '../../../velero/phases.ts'
import { screenOf } from '../../kit/terminal-screen.ts'

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
const rate = { itemsPerSecond: 320, secondsLeft: 8 }

describe('the line about a running restore', () => {
  it('shows bar, phase, wave, part, time left, items and rate on a wide terminal', () => {
    expect(progressLine(state(), rate, 100)).toBe(
      '██████████████░░░░░░░░░░░░░░░░ InProgress wave 3/12 49%  8 s left  2501/5003  320/s  secrets',
    )
  })

  it('keeps to what matters in 40 columns', () => {
    const line = progressLine(state(), rate, 40)
    expect(line).toContain('wave 3/12 49%  8 s left')
    expect(line.length).toBeLessThanOrEqual(40)
  })

  it('says what is waited for instead of a time that nobody knows', () => {
    const line = progressLine(state({ waitingFor: 'namespace shop to be gone' }), rate, 100)
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
        (some, width) => progressLine(state(some), rate, width).length <= width,
      ),
    )
  })

  it('is a sentence in a log', () => {
    expect(progressSentence(state({ errors: 2 }), rate)).toBe(
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
    expect(formatSeconds(seconds)).toBe(words)
  })
})

/** A stream that keeps what is written, with line ends as a kernel gives them to a terminal of so many columns. */
function terminal(columns: number) {
  let text = ''
  const write = (piece: Buffer, _encoding: string, done: () => void) => {
    text += piece.toString().replaceAll('\n', '\r\n')
    done()
  }
  return {
    stream: Object.assign(new Writable({ write }), { isTTY: true, columns }),
    screen: () => screenOf(text, columns),
  }
}

describe('the display on a terminal', () => {
  it('is one line that changes in place and goes away at the end', () => {
    const { stream, screen } = terminal(81)
    const display = createDisplay(stream)
    display.show(state())
    display.show(state({ itemsDone: 3010, groupResource: 'pods' }))
    expect(screen().lines).toEqual([expect.stringMatching(/^█+░+ InProgress wave 3\/12 60% {2}3010\/5003 {2}pods$/)])
    display.end()
    expect(screen()).toEqual({ lines: [], wrapped: 0, lost: 0 })
  })

  it('leaves a line for each phase that is over, also for one that ends with the restore', () => {
    const { stream, screen } = terminal(81)
    const display = createDisplay(stream)
    display.show(state())
    display.show(state({ phase: 'Finalizing', itemsDone: 5003 }))
    display.show(state({ phase: 'Completed', over: true, itemsDone: 5003 }))
    display.end()
    expect(screen().lines).toEqual(['InProgress is over', 'Finalizing is over'])
  })
})
