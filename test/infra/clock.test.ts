import { afterEach, expect, it, vi } from 'vitest'
import { systemClock, timerMsMax } from '../../infra/clock.ts'

afterEach(() => vi.useRealTimers())

it('a sleep of more than 24 days, the longest timer of Node, does not end at once', async () => {
  const warned = vi.fn()
  process.on('warning', warned)
  const stop = new AbortController()
  let isOver = false
  const sleeping = systemClock.sleep(timerMsMax * 3, stop.signal).then(
    () => (isOver = true),
    () => undefined,
  )
  await systemClock.sleep(20)
  expect(isOver).toBe(false)
  expect(warned).not.toHaveBeenCalled()
  stop.abort()
  await sleeping
  process.off('warning', warned)
})
