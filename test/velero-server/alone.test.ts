import { describe, expect, it } from 'vitest'
import { workAlone } from '../../velero-server/alone.ts'
import { keepDoing, repeat } from '../../velero-server/ports.ts'
import { createLog } from '../ports/log.ts'

/** A clock whose pauses are over at once, until there were so many. */
function turns(max: number) {
  const end = new AbortController()
  let left = max
  const sleep = async (): Promise<void> => {
    if (--left <= 0) end.abort()
    return Promise.resolve()
  }
  return { clock: { now: () => new Date(), sleep, spread: (ms: number) => ms }, signal: end.signal, log: createLog() }
}

const defect = (): never => {
  throw new TypeError('no such thing')
}

describe('work on objects', () => {
  it('goes on after a defect in one, which is logged once as long as it stays', async () => {
    const log = createLog()
    const alone = workAlone(log, 'it could not be looked at', 'object')
    const done: string[] = []
    for (let turn = 0; turn < 3; turn++)
      for (const name of ['a', 'b', 'c'])
        await alone.on(name, async () => (name === 'b' ? defect() : void done.push(await Promise.resolve(name))))
    expect(done).toEqual(['a', 'c', 'a', 'c', 'a', 'c'])
    expect(log.lines).toEqual(['warn it could not be looked at'])
  })

  it('does not begin on one that is under way', async () => {
    const alone = workAlone(createLog(), 'x', 'y')
    const { promise, resolve } = Promise.withResolvers<void>()
    const first = alone.on('a', () => promise)
    expect(await alone.on('a', () => Promise.resolve())).toBe(false)
    resolve()
    expect(await first).toBe(true)
  })
})

describe('work in turns', () => {
  it('logs what fails alike once', async () => {
    const { log, ...options } = turns(5)
    await repeat({ ...options, log, what: 'look', everyMs: 1 }, () => Promise.reject(new Error('away')))
    expect(log.lines).toEqual(['warn could not look'])
  })
})

describe('lasting work', () => {
  it('begins again where it breaks, after what is left of it has ended', async () => {
    const { log, ...options } = turns(3)
    const within: AbortSignal[] = []
    await keepDoing({ ...options, log, what: 'watch' }, async (signal) => {
      within.push(signal)
      return Promise.reject(new Error('it broke'))
    })
    expect(within.length).toBeGreaterThan(1)
    expect(within.every(({ aborted }) => aborted)).toBe(true)
  })
})
