import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import {
  cancelSignal,
  deletedReason,
  failuresQuery,
  pauseSignal,
  progressQuery,
  resumeSignal,
} from '../../../contract/restore-workflow.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import {
  aPlan,
  admissionUntilCancelled,
  beating,
  conclusion,
  created,
  stories,
  untilCancelled,
} from '../../workflows/story.ts'
import type { Fakes, Told } from '../../workflows/story.ts'

const tell = stories()

async function closedAsCanceled({ handle, phases }: Told, reason: string): Promise<void> {
  await expect(handle.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' })
  expect((await handle.describe()).status.name).toBe('CANCELLED')
  expect(phases.at(-1)).toMatchObject({ phase: 'Failed', failureReason: reason, fence: true })
}

/** Waits in the first conclusion, the good one; the last one, of what is known, goes through. */
const whileConcluding: Fakes['concludeRestore'] = ({ complete }) => (complete ? untilCancelled() : conclusion())

describe('a restore that is cancelled', () => {
  it.each<[string, Fakes]>([
    ['admitRestore', admissionUntilCancelled()],
    ['planRestore', { planRestore: untilCancelled }],
    ['restoreChunk', { restoreChunk: untilCancelled }],
    ['awaitPodVolumes', { planRestore: () => aPlan({ pods: [1] }), awaitPodVolumes: untilCancelled }],
    ['concludeRestore', { concludeRestore: whileConcluding }],
    ['pollOperations', { concludeRestore: () => conclusion({ operations: 1 }), pollOperations: untilCancelled }],
    ['finalizeRestore', { finalizeRestore: untilCancelled }],
  ])('by signal during %s ends Failed with its reason, results stored, the workflow Canceled', async (stage, fakes) => {
    const told = await tell(fakes)
    await told.called(stage)
    await told.handle.signal(cancelSignal, { reason: 'wrong backup' })
    await closedAsCanceled(told, 'cancelled: wrong backup')
    const wasAdmitted = stage !== 'admitRestore'
    expect(told.calls.filter((call) => call === 'concludeRestore').length > 0).toBe(wasAdmitted)
    expect(told.calls.at(-1)).toBe('requestCancel')
  })

  it('lets its chunks end first, then ends what it has begun, and tells its results after that', async () => {
    const ends: string[] = []
    const stopping = async () => {
      await untilCancelled().catch(() => undefined)
      await beating(new Promise((resolve) => setTimeout(resolve, 700)))
      ends.push('a chunk ended')
      return created(1)
    }
    const noting = (name: string) => () => void ends.push(name)
    const told = await tell({
      restoreChunk: stopping,
      awaitLastWrites: noting('fence'),
      removeLeftovers: noting('clean-up'),
      cancelOperations: noting('orders'),
      concludeRestore: () => (ends.push('results'), conclusion({ items: 1 })),
    })
    await told.called('restoreChunk 0/1')
    await told.handle.signal(cancelSignal, 'enough')
    await closedAsCanceled(told, 'cancelled: enough')
    expect(told.phases.at(-1)).toMatchObject({ progress: { itemsRestored: 1, totalItems: 3 } })
    // So the next run knows of it.
    expect(told.calls).toContain('noteCancel')
    expect(ends).toEqual(['a chunk ended', 'a chunk ended', 'fence', 'orders', 'clean-up', 'results'])
  })

  it('ends as cancelled also where a chunk fails or is lost meanwhile', async () => {
    const told = await tell({
      restoreChunk: async ({ chunk }) => {
        // The second chunk sends no heartbeat any more, as one whose worker is dead.
        if (chunk === 1) return await new Promise((resolve) => setTimeout(resolve, 14_000))
        await untilCancelled().catch(() => undefined)
        throw new Error('the bucket is away')
      },
    })
    await told.called('restoreChunk 0/1')
    await told.handle.signal(cancelSignal, 'enough')
    await closedAsCanceled(told, 'cancelled: enough')
  })

  it("by Temporal's own cancel ends the same way", async () => {
    const told = await tell({ restoreChunk: untilCancelled })
    await told.called('restoreChunk')
    await told.handle.cancel()
    await closedAsCanceled(told, 'cancelled: by a cancel request in Temporal')
    expect(told.calls).not.toContain('requestCancel')
  })

  it('twice keeps the first reason', async () => {
    const told = await tell({ restoreChunk: untilCancelled })
    await told.called('restoreChunk')
    await told.handle.signal(cancelSignal, 'first')
    await told.handle.signal(cancelSignal, 'second').catch(() => undefined)
    await closedAsCanceled(told, 'cancelled: first')
  })

  it('whose results cannot be stored says so in its reason', async () => {
    const told = await tell({
      restoreChunk: untilCancelled,
      concludeRestore: () => {
        throw ApplicationFailure.nonRetryable('access denied')
      },
    })
    await told.called('restoreChunk')
    await told.handle.signal(cancelSignal, 'enough')
    await closedAsCanceled(told, 'cancelled: enough; results not stored: access denied')
  })

  /** A restore that is cancelled while the bucket is away for the first conclusion. */
  async function cancelWithoutBucket(
    later: (told: () => Told) => unknown,
    fakes: Fakes = {},
  ): Promise<{ told: Told; tries: () => number }> {
    let tries = 0
    const told: Told = await tell({
      ...fakes,
      restoreChunk: untilCancelled,
      concludeRestore: () => {
        if (tries++ === 0) throw ApplicationFailure.nonRetryable('the bucket is away')
        return later(() => told)
      },
    })
    await told.called('restoreChunk')
    await told.handle.signal(cancelSignal, 'enough')
    return { told, tries: () => tries }
  }

  it('whose results cannot be stored in time stores them after its end, and closes then', async () => {
    const removals: unknown[] = []
    const removeLeftovers: Fakes['removeLeftovers'] = ({ only }) => {
      removals.push(only)
      if (removals.length === 1) throw ApplicationFailure.nonRetryable('the bucket is away')
    }
    const later = (running: () => Told) => {
      expect(running().phases.at(-1)).toMatchObject({ phase: 'Failed' })
      // Claims are put back before the results that tell of them.
      expect(removals).toEqual([undefined, 'claims'])
      return conclusion()
    }
    const { told, tries } = await cancelWithoutBucket(later, { removeLeftovers })
    await closedAsCanceled(told, 'cancelled: enough; results not stored: the bucket is away')
    expect(tries()).toBe(2)
    expect(told.calls).toContain('tellLateResults')
  })

  it('whose Restore is deleted stores no results late', async () => {
    const { told, tries } = await cancelWithoutBucket(untilCancelled)
    await waitUntil(() => tries() === 2, 60_000, 'results to be stored late')
    expect((await told.handle.query(progressQuery)).waitingFor).toBe('the bucket, to store the results')
    await told.handle.signal(cancelSignal, deletedReason)
    await closedAsCanceled(told, 'cancelled: enough; results not stored: the bucket is away')
  })

  it('in its very last step is not cancelled any more: the verdict stands', async () => {
    let release: (() => void) | undefined
    const told = await tell({
      setPhase: async ({ phase }) => {
        if (phase === 'Completed') await new Promise<void>((resolve) => (release = resolve))
        return { phase }
      },
    })
    await told.called('setPhase Completed')
    await told.handle.signal(cancelSignal, 'too late')
    await waitUntil(() => release !== undefined, 30_000, 'the last step')
    release?.()
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
  })

  it('tells in its queries that it was cancelled', async () => {
    const told = await tell({ restoreChunk: untilCancelled })
    await told.called('restoreChunk')
    await told.handle.signal(cancelSignal, 'enough')
    await expect(told.handle.result()).rejects.toThrow()
    expect(await told.handle.query(progressQuery)).toMatchObject({ phase: 'Failed' })
    expect(await told.handle.query(failuresQuery)).toEqual(['cancelled: enough'])
  })
})

describe('a restore that fails', () => {
  it('by a fault of the workflow itself ends with the first line of it, and is not tried without end', async () => {
    const told = await tell({ listFinalizeTasks: () => ({ tasks: null }) })
    await expect(told.handle.result()).rejects.toThrow()
    expect(told.phases.at(-1)).toMatchObject({
      phase: 'Failed',
      failureReason: expect.stringMatching(/^restore execution failed: program fault: TypeError: [^\n]*$/),
    })
  })

  it('by a fault in what it shows ends all the same', async () => {
    const told = await tell({ restoreChunk: () => null })
    await expect(told.handle.result()).rejects.toThrow()
    expect(told.phases.at(-1)).toMatchObject({
      phase: 'Failed',
      failureReason: expect.stringContaining('program fault: TypeError'),
    })
  })

  it('asks its other chunks to stop and stops its hooks, and reaches Failed once all of them have ended', async () => {
    const running = new Set<string>()
    const until = async (name: string) => {
      running.add(name)
      await untilCancelled().catch(() => undefined)
      running.delete(name)
      return created(1)
    }
    const told = await tell({
      planRestore: () => aPlan({ pods: [1], secrets: [1, 1] }),
      restoreChunk: async ({ wave, chunk }) => {
        if (wave === 0) return created(1, { hooks: true })
        if (chunk === 0) return await until('a chunk')
        await beating(waitUntil(() => running.size === 2, 60_000, 'hooks and the other chunk to run'))
        throw ApplicationFailure.nonRetryable('the archive has changed')
      },
      runHooks: () => until('hooks'),
      // As the fence of a worker does: it waits for what runs.
      awaitLastWrites: () => beating(waitUntil(() => running.size === 0, 60_000, 'the last writes')),
    })
    await expect(told.handle.result()).rejects.toThrow()
    expect(told.phases.at(-1)).toMatchObject({
      phase: 'Failed',
      failureReason: 'restore execution failed: the archive has changed',
    })
    expect(told.calls).toContain('removeLeftovers')
  })
})

describe('a restore that is paused', () => {
  /** Eight chunks that go on once they are let go: a chunk that ended before the pause came would be followed by another. */
  const many = () => {
    const { promise, resolve: letGo } = Promise.withResolvers<void>()
    const fakes: Fakes = {
      planRestore: () => aPlan({ secrets: [1, 1, 1, 1, 1, 1, 1, 1] }),
      restoreChunk: async () => {
        await beating(Promise.race([promise, Context.current().cancelled]))
        return created(1)
      },
    }
    return { fakes, letGo }
  }
  const waitingFor = async ({ handle }: Told) => (await handle.query(progressQuery)).waitingFor

  it('starts no further chunk until it is resumed, and says what it waits for', async () => {
    const { fakes, letGo } = many()
    const told = await tell(fakes)
    await told.called('restoreChunk')
    await told.handle.signal(pauseSignal, 'lunch')
    await waitUntil(async () => (await waitingFor(told)) === 'resume: paused lunch', 60_000, 'the pause')
    letGo()
    await waitUntil(async () => (await told.handle.query(progressQuery)).itemsDone === 4, 60_000, 'the running chunks')
    expect(await waitingFor(told)).toBe('resume: paused lunch')
    expect(told.calls.filter((call) => call.startsWith('restoreChunk'))).toHaveLength(4)
    await told.handle.signal(resumeSignal)
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    expect(told.calls.filter((call) => call.startsWith('restoreChunk'))).toHaveLength(8)
  })

  it('can be cancelled', async () => {
    const told = await tell(many().fakes)
    await told.called('restoreChunk')
    await told.handle.signal(pauseSignal)
    await told.handle.signal(cancelSignal, 'enough')
    await closedAsCanceled(told, 'cancelled: enough')
  })
})

describe('what a restore leaves in its history', () => {
  it('is small: under 4 KB for each activity but for the plan, which stays under 64 KB for 500 chunks', async () => {
    const told = await tell({
      planRestore: () => aPlan({ configmaps: Array.from({ length: 500 }, () => 200) }),
      restoreChunk: ({ chunk }) => (chunk < 8 ? created(200, { terminating: ['a', 'b'] }) : untilCancelled()),
    })
    await told.called('restoreChunk 0/8')
    await told.handle.signal(cancelSignal, 'enough')
    await expect(told.handle.result()).rejects.toThrow()
    const { events } = await told.handle.fetchHistory()
    const sizes = (events ?? []).map(
      ({ activityTaskScheduledEventAttributes: begun, activityTaskCompletedEventAttributes: done }) =>
        Math.max(
          0,
          ...[...(begun?.input?.payloads ?? []), ...(done?.result?.payloads ?? [])].map((one) => one.data?.length ?? 0),
        ),
    )
    const [plan = 0, ...others] = sizes.sort((a, b) => b - a)
    expect(plan).toBeLessThan(64 * 1024)
    expect(others[0]).toBeLessThan(4 * 1024)
  })
})
