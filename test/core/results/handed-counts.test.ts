import { describe, expect, it } from 'vitest'
import { chunkKey } from '../../../core/plan/plan.ts'
import { handCounts, takeCounts } from '../../../core/results/chunk-counts.ts'
import { shownCounts as counts } from './shown-counts.ts'

describe('the counts that a run hands to the next', () => {
  const parked = chunkKey(1, 0)
  const reports = new Map([
    [chunkKey(0, 0), counts(2, { updated: 1 })],
    [chunkKey(0, 1), counts(3, { warnings: 4 })],
    [parked, counts(5, { created: 4, failed: 1, errors: 1 })],
    [chunkKey(1, 1), counts(7)],
    [chunkKey(1, 2), counts(8)],
  ])
  const taken = new Map(takeCounts(handCounts(reports, new Set([parked]))))

  it('are one entry for the chunks of a wave that are through', () => {
    expect(taken.size).toBe(3)
    expect(taken.get(chunkKey(0, 0))).toEqual(counts(5, { updated: 1, warnings: 4 }))
    expect(taken.get(chunkKey(1, 1))).toEqual(counts(15))
  })

  it('keep a chunk apart that will report again', () => {
    expect(taken.get(parked)).toEqual(reports.get(parked))
  })

  it('are the same when they are handed on once more', () => {
    expect(new Map(takeCounts(handCounts(taken, new Set([parked]))))).toEqual(taken)
  })
})
