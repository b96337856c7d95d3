import { describe, expect, it } from 'vitest'
import { createItemLimit, createPoliteLimit } from '../../../activities/items/item-limit.ts'
import { limitFor } from '../../../activities/items/side-by-side.ts'
import type { Clock } from '../../../activities/ports.ts'
import { politeAnnotation } from '../../../velero/labels.ts'

/** A clock in which reads take so long as `readMs` says, and that goes on by itself while something sleeps. */
function politeWorld(max: number) {
  const world = { nowMs: 0, readMs: 2, reads: 0 }
  const clock: Clock = {
    now: () => new Date(world.nowMs),
    spread: (ms) => ms,
    sleep: async (ms) => {
      await new Promise((resolve) => setImmediate(resolve))
      world.nowMs += ms
    },
  }
  const get = () => {
    world.reads++
    world.nowMs += world.readMs
    return Promise.resolve(undefined)
  }
  const all = createItemLimit(max, { clock, cluster: { get: () => Promise.resolve(undefined) } })
  return { world, all, polite: createPoliteLimit(all, { max, clock, cluster: { get } }) }
}

/** How many of many calls run at once at most, and at the end. */
async function atOnce(limit: {
  run<R>(call: () => Promise<R>, restoreUid: string): Promise<R>
}): Promise<{ most: number; last: number }> {
  let [running, most, last] = [0, 0, 0]
  const call = async () => {
    most = Math.max(most, ++running)
    last = running
    await new Promise((resolve) => setImmediate(resolve))
    running--
  }
  await Promise.all(Array.from({ length: 60 }, () => limit.run(call, 'one')))
  return { most, last }
}

describe('places for the items of polite restores', () => {
  it('are a quarter of all', async () => {
    const { polite, all } = politeWorld(32)
    expect((await atOnce(polite)).most).toBe(8)
    expect((await atOnce(all)).most).toBe(32)
  })

  it('are fewer while a read takes longer than before the restore', async () => {
    const { polite, world } = politeWorld(32)
    await atOnce(polite)
    world.readMs = 100
    expect((await atOnce(polite)).last).toBe(1)
  })

  it('ask the API server nothing while no item is under way', async () => {
    const { polite, world } = politeWorld(32)
    await atOnce(polite)
    await new Promise((resolve) => setTimeout(resolve, 5))
    const { reads } = world
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect([reads > 0, world.reads]).toEqual([true, reads])
  })

  it('are given where the annotation asks for it, or the setting where there is none', () => {
    const { all, polite } = politeWorld(8)
    const chosen = (asked: string | undefined, isSet: boolean) =>
      limitFor(asked === undefined ? {} : { [politeAnnotation]: asked }, {
        itemLimits: { all, polite },
        settings: { polite: isSet },
      }) === polite
    expect([chosen('true', false), chosen(undefined, true), chosen('perhaps', true)]).toEqual([true, true, true])
    expect([chosen('false', true), chosen(undefined, false), chosen('perhaps', false)]).toEqual([false, false, false])
  })
})
