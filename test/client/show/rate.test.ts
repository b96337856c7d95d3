import { describe, expect, it } from 'vitest'
import { createRateMeter } from '../../../client/show/rate.ts'
import type { Done } from '../../../client/show/rate.ts'

const of = (itemsDone: number, itemsTotal: number): Done => ({ itemsDone, itemsTotal })

describe('the rate', () => {
  it('begins with the first item, not with the planning before it', () => {
    const rateOf = createRateMeter()
    rateOf(0, of(0, 1000))
    rateOf(60_000, of(0, 1000))
    rateOf(61_000, of(100, 1000))
    expect(rateOf(64_000, of(400, 1000))).toEqual({ itemsPerSecond: 100, secondsLeft: 6 })
  })

  it('is not told before enough time has passed and enough items are restored', () => {
    const rateOf = createRateMeter()
    rateOf(0, of(1, 5000))
    expect(rateOf(500, of(100, 5000))).toEqual({ itemsPerSecond: 0 })
    expect(rateOf(10_000, of(1, 5000)).secondsLeft).toBeUndefined()
  })

  it('is that of the last seconds', () => {
    const rateOf = createRateMeter()
    rateOf(0, of(1, 5000))
    rateOf(1000, of(1000, 5000))
    rateOf(100_000, of(1100, 5000))
    expect(rateOf(110_000, of(1200, 5000)).itemsPerSecond).toBe(10)
  })

  it('of a slow wave is expected of that wave alone', () => {
    const rateOf = createRateMeter()
    rateOf(0, { ...of(0, 10_000), waveLeft: 4000 })
    rateOf(10_000, { ...of(4000, 10_000), waveLeft: 0 })
    rateOf(10_500, { ...of(4000, 10_000), waveLeft: 1000 })
    // 500 items in ten seconds: the other 500 take ten more. The 5000 after them go at 225 items a second, as all so far.
    expect(rateOf(20_000, { ...of(4500, 10_000), waveLeft: 500 }).secondsLeft).toBeCloseTo(10 + 5000 / 225)
  })
})

/** A wave: how many items it has, and how many of them are restored in a second. */
type Wave = readonly [items: number, perSecond: number]

/** What a client sees of a restore, twice a second. Chunks report a checkpoint of up to 250 items at once. */
function samplesOf(waves: readonly Wave[]): { atMs: number; done: Done }[] {
  const itemsTotal = waves.reduce((sum, [items]) => sum + items, 0)
  const reports: { atMs: number; done: Done }[] = []
  let [atMs, itemsDone] = [0, 0]
  for (const [items, perSecond] of waves) {
    for (let left = items; left > 0;) {
      const checkpoint = Math.min(left, 250)
      // One takes longer than the other.
      atMs += (checkpoint / perSecond) * (reports.length % 2 === 0 ? 800 : 1200)
      itemsDone += checkpoint
      left -= checkpoint
      reports.push({ atMs, done: { itemsDone, itemsTotal, waveLeft: left } })
    }
  }
  const samples: { atMs: number; done: Done }[] = []
  let seen: Done = { itemsDone: 0, itemsTotal, waveLeft: waves[0]?.[0] ?? 0 }
  for (let at = 0, next = 0; at <= atMs; at += 500) {
    for (let report = reports[next]; report !== undefined && report.atMs <= at; report = reports[++next])
      seen = report.done
    samples.push({ atMs: at, done: seen })
  }
  return samples
}

/** Which part of the samples from a quarter of the time on tells the time left within a fifth, or two seconds. */
function partThatIsRight(waves: readonly Wave[]): number {
  const samples = samplesOf(waves)
  const endMs = samples.at(-1)?.atMs ?? 0
  const rateOf = createRateMeter()
  const told = samples.map(({ atMs, done }) => ({ leftMs: endMs - atMs, ...rateOf(atMs, done) }))
  const counted = told.filter(({ leftMs }) => leftMs > 0 && leftMs <= 0.75 * endMs)
  const right = counted.filter(
    ({ leftMs, secondsLeft = Infinity }) => Math.abs(secondsLeft * 1000 - leftMs) <= Math.max(leftMs / 5, 2000),
  )
  return right.length / counted.length
}

describe('the time left, from a quarter of the time on, is right within a fifth', () => {
  it.each<[string, readonly Wave[]]>([
    ['of one wave', [[20_000, 150]]],
    [
      'of waves of different lengths',
      [
        [40, 200],
        [600, 200],
        [9000, 200],
        [100, 200],
        [4000, 200],
        [50, 200],
      ],
    ],
    [
      'of waves that differ in speed by a third',
      [
        [500, 150],
        [6000, 200],
        [2500, 160],
        [8000, 190],
        [1500, 150],
      ],
    ],
    [
      'where a slow wave of few items is in the middle',
      [
        [6000, 200],
        [400, 40],
        [9000, 200],
      ],
    ],
  ])('%s', (_which, waves) => {
    expect(partThatIsRight(waves)).toBeGreaterThan(0.9)
  })

  it('cannot be where the waves to come are three times slower than all before, and is told too short then', () => {
    expect(
      partThatIsRight([
        [6000, 300],
        [6000, 100],
      ]),
    ).toBeLessThan(0.9)
  })
})
