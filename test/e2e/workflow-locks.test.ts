import { Context } from '@temporalio/activity'
import { expect, it } from 'vitest'
import { findClosed } from '../../activities/locks/find-closed.ts'
import { releaseLocks } from '../../activities/locks/release-locks.ts'
import { progressQuery } from '../../workflows/contract.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { stories, untilCancelled } from '../workflows/story.ts'
import type { Fakes } from '../workflows/story.ts'

const tell = stories()

/** Asks as the worker does; every restore of these stories wants the same namespace. */
const locking = (cluster: string): Fakes => ({
  requestLocks: async ({ ref, run, locks }) => {
    const { client, info } = Context.current()
    const request = { ...run, restore: ref.uid, createdAt: '2026-01-01T00:00:00Z', uid: ref.uid, namespaces: ['shop'] }
    await client.workflow.signalWithStart(locks.workflowType, {
      workflowId: `${locks.workflowId}/${cluster}`,
      taskQueue: info.taskQueue,
      signal: locks.signal,
      signalArgs: [{ request, restoresMax: 9 }],
      args: [],
    })
    return { patienceMs: 60_000 }
  },
  releaseLocks: ({ locks, run }) =>
    releaseLocks({ locks: { ...locks, workflowId: `${locks.workflowId}/${cluster}` }, run }),
  findClosed,
})

it('drops what a restore holds that was terminated, and keeps what one holds that runs', async () => {
  const fakes = locking('terminated')
  const holder = await tell({ ...fakes, restoreChunk: untilCancelled })
  await holder.called('restoreChunk')
  const next = await tell({ ...fakes })
  await waitUntil(
    async () => (await next.handle.query(progressQuery)).waitingFor?.includes('namespace shop') ?? false,
    20_000,
    'the second restore to wait',
  )
  await new Promise((resolve) => setTimeout(resolve, 12_000))
  expect(next.calls).not.toContain('restoreChunk 0/0')
  await holder.handle.terminate('by hand')
  await next.called('restoreChunk')
  expect((await next.handle.result()).phase).toBe('Completed')
})

it('releases with the last chunk, not with the last phase', async () => {
  const fakes = locking('released')
  const holder = await tell({ ...fakes, finalizeRestore: untilCancelled })
  await holder.called('finalizeRestore')
  const next = await tell(fakes)
  expect((await next.handle.result()).phase).toBe('Completed')
})

it('grants again what a run of the same restore asks for twice', async () => {
  const fakes = locking('again')
  let asked = 0
  const told = await tell({
    ...fakes,
    requestLocks: async (input) => {
      await fakes.requestLocks?.(input)
      if (asked++ === 0) throw new Error('the answer got lost')
      return await fakes.requestLocks?.(input)
    },
  })
  expect((await told.handle.result()).phase).toBe('Completed')
  expect(asked).toBe(2)
})
