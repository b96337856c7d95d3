import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { expect, it } from 'vitest'
import { findClosed } from '../../activities/locks/find-closed.ts'
import { systemClock } from '../../infra/cluster/clock.ts'
import { progressQuery } from '../../workflows/contract.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { stories, untilCancelled } from '../workflows/story.ts'
import type { Fakes } from '../workflows/story.ts'

const tell = stories()

/** Asks as the worker does; every restore of these stories wants the same namespace. */
const locking: Fakes = {
  requestLocks: async ({ ref, run, locks }) => {
    const { client, info } = Context.current()
    const request = { ...run, restore: ref.uid, createdAt: '2026-01-01T00:00:00Z', uid: ref.uid, namespaces: ['shop'] }
    await client.workflow.signalWithStart(locks.workflowType, {
      workflowId: locks.workflowId,
      taskQueue: info.taskQueue,
      signal: locks.signal,
      signalArgs: [{ request, restoresMax: 9 }],
      args: [],
    })
    return { patienceMs: 60_000 }
  },
  findClosed: findClosed({ clock: systemClock }),
}

it('drops what a restore holds that was terminated, keeps what one holds that runs, and outlives a look that fails', async () => {
  let looks = 0
  let found = 0
  const look = findClosed({ clock: systemClock })
  const failing: Fakes = {
    ...locking,
    findClosed: async (input) => {
      if (looks++ === 0) throw ApplicationFailure.nonRetryable('Temporal does not answer')
      const closed = await look(input)
      found++
      return closed
    },
  }
  const cluster = 'terminated'
  const holder = await tell({ ...failing, restoreChunk: untilCancelled }, { cluster })
  await holder.called('restoreChunk')
  const next = await tell(locking, { cluster })
  await waitUntil(
    async () => (await next.handle.query(progressQuery)).waitingFor?.includes('namespace shop') ?? false,
    60_000,
    'the second restore to wait',
  )
  // One look fails, the next one finds the holder running; what comes of it is there a moment later.
  await waitUntil(() => found > 0, 120_000, 'a look at the holder that runs')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(next.calls).not.toContain('restoreChunk 0/0')
  await holder.handle.terminate('by hand')
  await next.called('restoreChunk')
  expect((await next.handle.result()).phase).toBe('Completed')
})

it('releases with the last chunk, not with the last phase', async () => {
  const cluster = 'released'
  const holder = await tell({ ...locking, finalizeRestore: untilCancelled }, { cluster })
  await holder.called('finalizeRestore')
  const next = await tell(locking, { cluster })
  expect((await next.handle.result()).phase).toBe('Completed')
})

it('grants again what a run of the same restore asks for twice', async () => {
  const cluster = 'again'
  let asked = 0
  const told = await tell(
    {
      ...locking,
      requestLocks: async (input) => {
        await locking.requestLocks?.(input)
        if (asked++ === 0) throw new Error('the answer got lost')
        return await locking.requestLocks?.(input)
      },
    },
    { cluster },
  )
  expect((await told.handle.result()).phase).toBe('Completed')
  expect(asked).toBe(2)
})
