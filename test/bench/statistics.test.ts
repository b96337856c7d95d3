import { describe, expect, it } from 'vitest'
import { median, quantile, spreadOf } from '../../bench/report/statistics.ts'

describe('the statistics of the bench', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('take from %j the median %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })

  it('interpolate between the two numbers beside a share', () => {
    const hundred = Array.from({ length: 101 }, (_, index) => 100 - index)
    expect(quantile(hundred, 0.99)).toBe(99)
    expect(quantile([0, 10], 0.99)).toBeCloseTo(9.9)
  })

  it('know no middle of nothing, and leave the numbers in their order', () => {
    expect(median([])).toBeNaN()
    expect(spreadOf([])).toEqual({ median: Number.NaN, min: Number.NaN, max: Number.NaN })
    const values = [3, 1, 2]
    expect(spreadOf(values)).toEqual({ median: 2, min: 1, max: 3 })
    expect(values).toEqual([3, 1, 2])
  })
})
