import { describe, expect, it } from 'vitest'
import { inFlight } from '../../../activities/frame/in-flight.ts'

describe('work on many values at once', () => {
  it('returns what they came to in their order', async () => {
    const last = Promise.withResolvers<string>()
    const work = (value: number) => {
      if (value === 3) last.resolve('first')
      return value === 1 ? last.promise : Promise.resolve(String(value))
    }
    expect(await inFlight([1, 2, 3], 2, work)).toEqual(['first', '2', '3'])
    expect(await inFlight([], 2, work)).toEqual([])
  })

  it('runs no more at once than it may', async () => {
    let running = 0
    const seen: number[] = []
    await inFlight([1, 2, 3, 4, 5], 2, async () => {
      seen.push(++running)
      await Promise.resolve()
      running--
    })
    expect(Math.max(...seen)).toBe(2)
  })

  it('throws of several failures that of the earliest value, whichever came first', async () => {
    const later = Promise.withResolvers<never>()
    const work = (value: string) => {
      if (value === 'log') return later.promise
      setImmediate(() => later.reject(new Error('no log')))
      return Promise.reject(new Error('no results'))
    }
    await expect(inFlight(['log', 'results'], 2, work)).rejects.toThrow('no log')
  })

  it('begins nothing after a failure, and ends only when all that runs has ended', async () => {
    const slow = Promise.withResolvers<undefined>()
    const events: string[] = []
    const work = async (value: string) => {
      events.push(`${value} begins`)
      if (value === 'bad') throw new Error('it fails')
      await slow.promise
      events.push(`${value} ends`)
    }
    const all = inFlight(['bad', 'slow', 'never'], 2, work).catch((thrown: unknown) => events.push(String(thrown)))
    await new Promise(setImmediate)
    expect(events).toEqual(['bad begins', 'slow begins'])
    slow.resolve(undefined)
    await all
    expect(events).toEqual(['bad begins', 'slow begins', 'slow ends', 'Error: it fails'])
  })
})
