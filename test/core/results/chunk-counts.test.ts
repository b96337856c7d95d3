import { describe, expect, it } from 'vitest'
import { chunkKey } from '../../../core/plan/plan.ts'
import { ChunkCounts } from '../../../core/results/chunk-counts.ts'
import type { ShownCounts } from '../../../core/results/chunk-counts.ts'
import { shownCounts as counts } from './shown-counts.ts'

describe('the counts of chunks', () => {
  it('are summed up in all and by wave', () => {
    const sums = new ChunkCounts([[chunkKey(0, 0), counts(2, { warnings: 1 })]])
    sums.set(chunkKey(0, 1), counts(3))
    sums.set(chunkKey(1, 0), counts(5, { created: 4, failed: 1, errors: 2 }))
    expect(sums.all()).toEqual(counts(10, { created: 9, failed: 1, warnings: 1, errors: 2 }))
    expect(sums.ofWave(0)).toEqual(counts(5, { warnings: 1 }))
    expect(sums.ofWave(7)).toEqual(counts(0))
  })

  it('of a chunk replace its earlier ones', () => {
    const sums = new ChunkCounts([[chunkKey(0, 0), counts(2, { failed: 2, created: 0 })]])
    sums.set(chunkKey(0, 0), counts(2))
    expect(sums.all()).toEqual(counts(2))
    expect(sums.ofWave(0)).toEqual(counts(2))
    expect(sums.reports.size).toBe(1)
  })

  it('count nothing for what a report does not say', () => {
    const sums = new ChunkCounts([])
    const { listed: _, ...older } = counts(4)
    sums.set(chunkKey(0, 0), older)
    sums.set(chunkKey(0, 1), null as unknown as ShownCounts)
    sums.set(chunkKey(0, 1), counts(1))
    expect(sums.all()).toEqual(counts(5, { listed: 1 }))
  })
})
