import { Context } from '@temporalio/activity'
import { Client } from '@temporalio/client'
import type { Connection } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { expect, it } from 'vitest'
import type { Presence } from '../../../activities/ports.ts'
import { findClosed } from '../../../activities/locks/find-holders.ts'
import type { LockRequest } from '../../../core/locks/decide-grants.ts'
import { systemClock } from '../../../infra/clock.ts'
import { locksQuery } from '../../../contract/lock-workflow.ts'
import { progressQuery } from '../../../contract/restore-workflow.ts'
import { resetBefore } from '../../kit/reset-workflow.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { aPlan, beating, conclusion, created, stories, untilCancelled } from '../../workflows/story.ts'
import type { Fakes } from '../../workflows/story.ts'

const tell = stories()

const presence: Presence = {
  worker: 'worker-1',
  assertMayWrite: () => undefined,
  begin: () => () => undefined,
  fence: () => Promise.resolve(),
  hasUnanswered: () => false,
  settle: () => Promise.resolve(),
}

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
    return { patienceMs: 280_000 }
  },
  findClosed: findClosed({ clock: systemClock, presence }),
}

it('holds what it has asked for while it was planned, however soon that is granted, and gives it back', async () => {
  const cluster = 'while-planning'
  const plan = aPlan({ secrets: [2, 1] })
  const asking: Fakes = {
    ...locking,
    planRestore: async ({ ref, ask }) => {
      if (ask === undefined) throw new Error('it does not ask')
      const asked = (await locking.requestLocks?.({ ref, ...ask })) as { patienceMs: number }
      return { ...plan, asked }
    },
  }
  const slow: Fakes = { ...asking, restoreChunk: ({ chunk }) => (chunk === 0 ? created(2) : beating(goOn.promise)) }
  const goOn = Promise.withResolvers<ReturnType<typeof created>>()
  const first = await tell(slow, { cluster })
  await first.called('restoreChunk 0/1')
  const second = await tell(asking, { cluster })
  await waitUntil(
    async () => (await second.handle.query(progressQuery)).waitingFor?.includes('namespace shop') ?? false,
    60_000,
    'the second restore to wait',
  )
  expect(second.calls).not.toContain('restoreChunk 0/0')
  goOn.resolve(created(1))
  for (const told of [first, second]) expect((await told.handle.result()).phase).toBe('Completed')
  expect(first.calls).not.toContain('requestLocks')
})

it('asks by itself where the worker that plans does not know how, and gives back what a plan that failed has asked for', async () => {
  const cluster = 'plan-fails'
  const failing: Fakes = {
    ...locking,
    planRestore: async ({ ref, ask }) => {
      if (ask !== undefined) await locking.requestLocks?.({ ref, ...ask })
      throw ApplicationFailure.nonRetryable('no right', 'RestoreFailed')
    },
  }
  const failed = await tell(failing, { cluster })
  await expect(failed.handle.result()).rejects.toThrow()
  const next = await tell(locking, { cluster })
  expect((await next.handle.result()).phase).toBe('Completed')
  expect(next.calls).toContain('requestLocks')
})

it('gives back what a request is granted that comes after the release, of an attempt that was taken for lost', async () => {
  const cluster = 'late-request'
  const goOn = Promise.withResolvers<ReturnType<typeof conclusion>>()
  let asked: Parameters<NonNullable<Fakes['requestLocks']>>[0] | undefined
  const late: Fakes = {
    ...locking,
    requestLocks: (input) => locking.requestLocks?.((asked = input)),
    concludeRestore: async () => {
      // By then the release has come to the workflow of the locks.
      await new Promise((resolve) => setTimeout(resolve, 1_000))
      if (asked !== undefined) await locking.requestLocks?.(asked)
      return beating(goOn.promise)
    },
  }
  const first = await tell(late, { cluster })
  await first.called('concludeRestore')
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  const second = await tell(locking, { cluster })
  expect((await second.handle.result()).phase).toBe('Completed')
  goOn.resolve(conclusion())
  expect((await first.handle.result()).phase).toBe('Completed')
})

it('drops what a restore holds that was terminated, keeps what one holds that runs, and outlives a look that fails', async () => {
  let looks = 0
  let found = 0
  const look = findClosed({ clock: systemClock, presence })
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
  const waited: (number | undefined)[] = []
  const next = await tell(
    {
      ...locking,
      requestLocks: (input) => {
        waited.push(input.waitedSeconds)
        return locking.requestLocks?.(input)
      },
    },
    { cluster },
  )
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
  // It tells its wait whenever it asks again, for the metrics.
  expect(waited.length).toBeGreaterThan(1)
  expect(waited[0]).toBeUndefined()
  for (const seconds of waited.slice(1)) expect(seconds).toBeGreaterThanOrEqual(4.9)
})

it('asks who holds before it grants anything, heeds who gives back meanwhile, and asks again what a restore holds that could not tell', async () => {
  const cluster = 'inherited'
  const holders: LockRequest[] = ['leaves', 'stays', 'knows'].map((uid) => ({
    workflowId: `restore/velero/${uid}`,
    runId: uid,
    restore: `velero/${uid}`,
    createdAt: '2026-01-01T00:00:00Z',
    uid,
    namespaces: ['shop'],
  }))
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  const again: unknown[] = []
  const findHolders: Fakes['findHolders'] = async ({ workflowIds }) => {
    asked.resolve()
    if (workflowIds !== undefined) {
      again.push(workflowIds)
      return { holders: holders.map((one) => ({ ...one, namespaces: ['bank'] })), waiting: [] }
    }
    await beating(answer.promise)
    const [leaves, stays, knows] = holders.map((one) => ({ ...one, namespaces: ['*'], assumed: true as const }))
    return { holders: [leaves, stays, { ...knows, namespaces: ['mail'], assumed: undefined }], waiting: [] }
  }
  const next = await tell({ ...locking, findHolders, findClosed: () => [] }, { cluster })
  await asked.promise
  const locks = next.sibling('locks/velero/inherited')
  await locks.signal('release', { workflowId: 'restore/velero/leaves', runId: 'leaves' })
  answer.resolve()
  const waitsFor = async () => (await next.handle.query(progressQuery)).waitingFor
  await expect
    .poll(waitsFor, { timeout: 240_000 })
    .toBe('Restore velero/stays, which restores into namespaces that its journal has not told yet')
  expect(next.calls).not.toContain('restoreChunk 0/0')
  // A wish is heard, and withdrawn: what the other one holds then is not asked for any more.
  const wish = { run: { workflowId: 'restore/velero/knows', runId: 'knows' }, namespaces: ['bank'] }
  const wants = async () => (await locks.query(locksQuery)).holders.map(({ wants: names }) => names)
  await locks.signal('widen', wish)
  await expect.poll(wants, { timeout: 60_000 }).toContainEqual(['bank'])
  await locks.signal('withdraw', wish)
  await expect.poll(wants, { timeout: 60_000 }).not.toContainEqual(['bank'])
  expect((await next.handle.result()).phase).toBe('Completed')
  expect(new Set(again)).toEqual(new Set([['restore/velero/stays']]))
  const held = (await locks.query(locksQuery)).holders.map(({ restore, namespaces }) => [restore, namespaces])
  expect(held).toEqual(
    expect.arrayContaining([
      ['velero/stays', ['bank']],
      ['velero/knows', ['mail']],
    ]),
  )
})

it('releases with the last chunk, not with the last phase', async () => {
  const cluster = 'released'
  const holder = await tell({ ...locking, finalizeRestore: untilCancelled }, { cluster })
  await holder.called('finalizeRestore')
  const next = await tell(locking, { cluster })
  expect((await next.handle.result()).phase).toBe('Completed')
})

it('has the chunks of a run that was reset check its locks, under the name by which it asked for them', async () => {
  const cluster = 'reset'
  const resets: unknown[] = []
  const told = await tell(
    {
      ...locking,
      restoreChunk: ({ chunk, reset }) => {
        resets.push(reset?.run)
        return created(chunk === 0 ? 2 : 1)
      },
      finalizeRestore: () => (resets.length > 2 ? { messages: 0 } : untilCancelled()),
    },
    { cluster },
  )
  await told.called('finalizeRestore')
  expect(resets).toEqual([undefined, undefined])
  const { workflowId, client } = told.handle
  const { runId } = await told.handle.describe()
  const next = await resetBefore(
    new Client({ connection: client.connection as Connection }),
    { workflowId, runId },
    'restoreChunk',
  )
  expect(await next.result()).toMatchObject({ phase: 'Completed' })
  expect(resets.slice(2)).toEqual([
    { workflowId, runId },
    { workflowId, runId },
  ])
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
