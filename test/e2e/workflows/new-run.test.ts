import { Context } from '@temporalio/activity'
import { describe, expect, it } from 'vitest'
import { cancelSignal, pauseSignal, progressQuery, resumeSignal } from '../../../contract/restore-workflow.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { aPlan, beating, created, stories } from '../../workflows/story.ts'
import type { Told } from '../../workflows/story.ts'
import { ownTemporal } from '../chaos/own-temporal.ts'

/** Histories of this length are already long for this server. */
const tell = stories(() => ownTemporal(['limit.historyCount.suggestContinueAsNew=30']))

const waveCount = 12
const plan = aPlan(Object.fromEntries(Array.from({ length: waveCount }, (_, index) => [`kinds${index}`, [2, 1]])))

const admitted = { do: 'restore', location: 'default', resumed: false, startedAt: 't', backup: 'shop' } as const

const progressOf = ({ handle }: Told) => handle.query(progressQuery)
const chunksOf = ({ calls }: Told) => calls.filter((call) => call.startsWith('restoreChunk'))

/** A restore whose first run is long, and waits for the write of its progress before the next one begins. */
async function longRun(): Promise<{ told: Told; letGo: () => void }> {
  const { promise, resolve: letGo } = Promise.withResolvers<void>()
  const begun = Promise.withResolvers<void>()
  let pause: string | undefined
  const told = await tell({
    admitRestore: () => ({ ...admitted, ...(pause === undefined ? {} : { levels: { pause } }) }),
    notePause: ({ because }) => void (pause = because),
    planRestore: () => plan,
    // The wave does not end before the write of its progress has begun.
    restoreChunk: async ({ chunk }) => {
      if (chunk === 1) await beating(begun.promise)
      return created(chunk === 0 ? 2 : 1, { warnings: 1 })
    },
    reportProgress: async () => {
      begun.resolve()
      await beating(Promise.race([promise, Context.current().cancelled]))
    },
  })
  const isLong = async () => (await progressOf(told)).waitingFor?.startsWith('a new run') === true
  await waitUntil(isLong, 120_000, 'the run to be long')
  return { told, letGo }
}

describe('a restore that is about to continue as new', () => {
  it('is cancelled by a cancel that comes then: no further wave runs', async () => {
    const { told, letGo } = await longRun()
    const done = chunksOf(told).length
    await told.handle.signal(cancelSignal, 'enough')
    letGo()
    await expect(told.handle.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' })
    expect((await told.handle.describe()).status.name).toBe('CANCELLED')
    expect(told.phases.at(-1)).toMatchObject({ phase: 'Failed', failureReason: 'cancelled: enough' })
    expect(chunksOf(told)).toHaveLength(done)
    expect(done).toBeLessThan(2 * waveCount)
  })

  it('stays paused in the new run, which shows what the one before showed', async () => {
    const { told, letGo } = await longRun()
    const before = await progressOf(told)
    const done = chunksOf(told).length
    await told.handle.signal(pauseSignal, 'lunch')
    letGo()
    const isNext = async () => (await progressOf(told)).waitingFor === 'resume: paused lunch'
    await waitUntil(isNext, 60_000, 'the pause')
    await waitUntil(() => told.calls.filter((call) => call === 'planRestore').length === 2, 60_000, 'the new run')
    const { wave: _wave, waveLeft: _left, groupResource: _resource, waitingFor: _waiting, ...counts } = before
    expect(await progressOf(told)).toMatchObject(counts)
    expect(counts).toMatchObject({ itemsDone: (done / 2) * 3, itemsTotal: waveCount * 3, warnings: done })
    expect(chunksOf(told)).toHaveLength(done)
    await told.handle.signal(resumeSignal)
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    expect(new Set(chunksOf(told)).size).toBe(2 * waveCount)
    expect(chunksOf(told)).toHaveLength(2 * waveCount)
  })
})

describe('a restore of one resource with many chunks', () => {
  it('goes on in new runs in the midst of its wave: each chunk runs once, and parked items are tried after all of them', async () => {
    const count = 40
    const told = await tell({
      admitRestore: () => admitted,
      planRestore: () => ({ ...aPlan({ secrets: Array.from({ length: count }, () => 1) }), lanes: 2 }),
      restoreChunk: ({ chunk, pass }) => {
        if (chunk !== 1 || pass !== undefined) return created(1)
        return created(0, { items: 1, listed: 1, failed: 1, errors: 1, parked: 1 })
      },
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    const places = chunksOf(told)
    expect(new Set(places).size).toBe(count)
    expect(places).toHaveLength(count + 1)
    expect(places.at(-1)).toBe('restoreChunk 0/1')
    expect(told.calls.filter((call) => call === 'planRestore').length).toBeGreaterThan(2)
    expect(await progressOf(told)).toMatchObject({ itemsDone: count, created: count, failed: 0, errors: 0 })
  })
})
