import { describe, expect, it } from 'vitest'
import { createItemLimit } from '../../../activities/items/item-limit.ts'
import { inBatches, settleAll } from '../../../activities/items/side-by-side.ts'
import { createClock } from '../../ports/clock.ts'

/** Batches of one value each, which take so many seconds; what happens, in its order. */
function batches(seconds: readonly number[], trouble: { soFar?: number; keep?: number } = {}) {
  const clock = createClock()
  const told: string[] = []
  const tell = (what: string, fails: boolean) => {
    told.push(what)
    return fails ? Promise.reject(new Error(`no bucket to ${what}`)) : Promise.resolve()
  }
  const run = () =>
    clock.run(
      inBatches(seconds, {
        size: 1,
        clock,
        // A value takes its seconds one by one.
        begin: async ([takes = 0], part, throwIfFailed) => {
          told.push(`begin ${part}`)
          for (let second = 0; second < takes; second++) {
            await clock.sleep(1000)
            throwIfFailed()
          }
          return part
        },
        keepSoFar: (part) => tell(`keep so far ${part}`, part === trouble.soFar),
        keep: (part) => tell(`keep ${part}`, part === trouble.keep),
      }),
    )
  const begunMs = clock.now().getTime()
  return { told, run, tookMs: () => clock.now().getTime() - begunMs }
}

describe('batches', () => {
  it('are kept one by one', async () => {
    const { told, run } = batches([1, 1])
    await run()
    expect(told).toEqual(['begin 0', 'keep 0', 'begin 1', 'keep 1'])
  })

  it('that lag are not waited for, but what they have done is kept first', async () => {
    const { told, run } = batches([9, 1])
    await run()
    expect(told).toEqual(['begin 0', 'keep so far 0', 'begin 1', 'keep 1', 'keep 0'])
  })

  it('do not begin where what one has done so far cannot be kept, and that one begins nothing more', async () => {
    const { told, run, tookMs } = batches([9, 1], { soFar: 0 })
    await expect(run()).rejects.toThrow('no bucket to keep so far 0')
    expect(told).toEqual(['begin 0', 'keep so far 0'])
    expect(tookMs()).toBe(2_000)
  })

  it('that lag begin nothing more once a later one could not be kept', async () => {
    const { told, run, tookMs } = batches([9, 1], { keep: 1 })
    await expect(run()).rejects.toThrow('no bucket to keep 1')
    expect(told).toEqual(['begin 0', 'keep so far 0', 'begin 1', 'keep 1'])
    expect(tookMs()).toBe(3_000)
  })

  it('do not begin after one that lagged could not be kept', async () => {
    const { told, run } = batches([3, 9, 1], { keep: 0 })
    await expect(run()).rejects.toThrow('no bucket to keep 0')
    expect(told).toEqual(['begin 0', 'keep so far 0', 'begin 1', 'keep 0', 'keep so far 1'])
  })
})

it('a small restore gets its places while a large one has many values left', async () => {
  const clock = createClock()
  const sides = {
    itemLimit: createItemLimit(2, { clock, cluster: { get: async () => undefined } }),
    attempt: { throwIfStopped: () => undefined },
    ports: { clock },
  }
  const done: string[] = []
  const restore = (name: string, count: number) =>
    settleAll(Array.from({ length: count }), { ...sides, input: { ref: { uid: name } } }, (_value, limited) =>
      limited(async () => {
        await clock.sleep(10)
        done.push(name)
      }),
    )
  const chunks = Array.from({ length: 4 }, () => restore('large', 50))
  await clock.run(Promise.all([...chunks, restore('small', 4)]))
  expect(done).toHaveLength(204)
  // Two places: one of them is its own from the moment when the first is free.
  expect(done.lastIndexOf('small')).toBeLessThan(10)
})

it('nothing more begins once the attempt is asked to stop', async () => {
  const clock = createClock()
  let begun = 0
  const sides = {
    itemLimit: createItemLimit(2, { clock, cluster: { get: async () => undefined } }),
    input: { ref: { uid: 'uid-1' } },
    attempt: {
      throwIfStopped() {
        if (begun >= 4) throw new Error('cancelled')
      },
    },
    ports: { clock },
  }
  const work = settleAll(Array.from({ length: 20 }), sides, (_value, limited) =>
    limited(async () => {
      begun++
      await clock.sleep(10)
    }),
  )
  expect(await clock.run(work)).toEqual({ failure: new Error('cancelled') })
  expect(begun).toBe(4)
})

it('chunks of one restore end one after the other: the places of one that is journalled are those of the others', async () => {
  const clock = createClock()
  const sides = {
    itemLimit: createItemLimit(8, { clock, cluster: { get: async () => undefined } }),
    attempt: { throwIfStopped: () => undefined },
    input: { ref: { uid: 'uid-1' } },
    ports: { clock },
  }
  let running = 0
  const idleAt = new Set<number>()
  const begin = () => settleAll(Array.from({ length: 80 }), sides, (_value, limited) => limited(item))
  const item = async () => {
    running++
    await clock.sleep(10)
    running--
  }
  const chunk = async () => {
    await inBatches([0, 1], { size: 1, clock, begin, keepSoFar: async () => {}, keep: () => clock.sleep(50) })
  }
  const chunks = [chunk(), chunk(), chunk(), chunk()]
  const watch = async () => {
    for (let ms = 5; ms < 790; ms += 10) {
      await clock.sleep(ms === 5 ? 5 : 10)
      if (running < 8) idleAt.add(ms)
    }
  }
  await clock.run(Promise.all([...chunks, watch()]))
  expect([...idleAt]).toEqual([])
})
