import { describe, expect, it } from 'vitest'
import { decideRestart, supervise } from '../../../../client/cli/up/supervise.ts'
import type { Program } from '../../../../client/cli/up/supervise.ts'

/** Keeps a program that ends with these codes, each after so many seconds; the signal comes with the last one. */
async function keep(ends: readonly { after: number; code: number | null }[], final: readonly number[] = []) {
  const stopping = new AbortController()
  const seen = { told: [] as string[], pauses: [] as number[], stops: 0 }
  let now = 0
  let starts = 0
  const program: Program = {
    name: 'it',
    final,
    async start() {
      const end = ends[starts++]
      if (end === undefined) stopping.abort()
      now += (end?.after ?? 0) * 1000
      return { ended: Promise.resolve(end === undefined ? 0 : end.code), stop: () => void seen.stops++ }
    },
  }
  const code = await supervise(program, {
    now: () => now,
    sleep: async (ms) => void seen.pauses.push(ms),
    tell: (line) => void seen.told.push(line),
    signal: stopping.signal,
  })
  return { code, starts, ...seen }
}

describe('a program that is kept running', () => {
  it('is started again when it ends, and stopped by the signal', async () => {
    const { starts, stops, told, code } = await keep([{ after: 60, code: null }])
    expect({ starts, stops, code }).toEqual({ starts: 2, stops: 1, code: 0 })
    expect(told).toEqual(['it was ended by a signal: it is started again in 1 s'])
  })

  it('is given up when it ends soon after each start, with longer and longer pauses before', async () => {
    const { pauses, told, code } = await keep(Array.from({ length: 9 }, () => ({ after: 1, code: 3 })))
    expect(pauses).toEqual([1000, 2000, 4000, 8000])
    expect(told.at(-1)).toBe('it ended with code 3 soon after each start: it is given up')
    expect(code).toBe(3)
  })

  it('is not started again after a final code', async () => {
    expect(await keep([{ after: 1, code: 2 }], [2])).toMatchObject({ starts: 1, code: 2 })
  })
})

describe('a start', () => {
  it('that lasted makes the failed ones before it count no more', () => {
    expect(decideRestart({ livedMs: 11_000, failedStarts: 4 })).toEqual({
      do: 'restart',
      afterMs: 1000,
      failedStarts: 0,
    })
  })
})
