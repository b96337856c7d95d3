import { gunzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { gzipOf, inSlices, pauses } from '../../../activities/frame/in-slices.ts'
import type { Steps } from '../../../core/values/slices.ts'

/** Takes far longer than a slice. */
function* longWork(): Steps<string> {
  for (const until = performance.now() + 10_000; performance.now() < until;) yield
  return 'done'
}

describe('a long computation', () => {
  it('lets others have their turn, and returns its result', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const untilOthersHaveRun = function* (): Steps<string> {
      for (const until = performance.now() + 10_000; turns < 2 && performance.now() < until;) yield
      return 'done'
    }
    expect(await inSlices(untilOthersHaveRun())).toBe('done')
    clearInterval(timer)
    expect(turns).toBeGreaterThan(1)
  })

  it('ends between two slices once it is not needed any longer', async () => {
    const stop = new AbortController()
    const work = inSlices(longWork(), stop.signal)
    stop.abort(new Error('cancelled'))
    await expect(work).rejects.toThrow('cancelled')
  })

  it('made of a loop waits for nothing but a turn now and then', async () => {
    using clock = vi.spyOn(performance, 'now')
    clock.mockReturnValue(1_000)
    const pause = pauses()
    expect(pause()).toBeUndefined()
    clock.mockReturnValue(1_030)
    await expect(pause()).resolves.toBeUndefined()
    expect(pause()).toBeUndefined()
  })
})

describe('a text that is compressed piece by piece', () => {
  it.each([
    ['nothing', 0],
    ['a small one', 10],
    ['a large one', 30_000],
  ])('is the same afterwards: %s', async (_, count) => {
    const pieces = Array.from({ length: count }, (__, index) => `piece ${index} ä\n`)
    expect(gunzipSync(await gzipOf(pieces)).toString()).toBe(pieces.join(''))
    expect(gunzipSync(await gzipOf(pieces, 1)).toString()).toBe(pieces.join(''))
  })

  it('fails where the making of a piece fails', async () => {
    const pieces = function* () {
      yield 'x'.repeat(200_000)
      throw new Error('no piece')
    }
    await expect(gzipOf(pieces())).rejects.toThrow('no piece')
  })
})
