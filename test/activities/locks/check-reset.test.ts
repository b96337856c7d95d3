import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { locksWorkflowIdOf, locksWorkflowType } from '../../../contract/lock-workflow.ts'
import type { LocksOfRun } from '../../../contract/lock-workflow.ts'
import type { Look } from '../../../contract/look.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import type { LockRequest, Locks } from '../../../core/locks/decide-grants.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { chunkOf, create, ref, restoreAt, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const reset: LocksOfRun = {
  locks: { workflowType: locksWorkflowType, workflowId: locksWorkflowIdOf(ref), signal: 'request' },
  run: { workflowId: workflowIdOf(ref), runId: 'as-it-was-started' },
}
const own: LockRequest = {
  ...reset.run,
  restore: 'velero/again',
  createdAt: '2026-01-01T00:00:00Z',
  uid: ref.uid,
  namespaces: ['shop'],
}
const other: LockRequest = {
  ...own,
  workflowId: 'other',
  restore: 'velero/other',
  createdAt: '2025-01-01T00:00:00Z',
  uid: 'other',
}

/** A world before the wave of ConfigMaps, and the locks as their workflow answers. */
async function worldWith(locks: Locks): Promise<World> {
  const world = createWorld(await worldAt({ before: 'configmaps' }))
  world.temporal.place({ type: locksWorkflowType, workflowId: reset.locks.workflowId, answers: { locks } })
  return world
}

/** The chunk of the ConfigMaps in a run that was reset. */
async function restoreIn(
  world: World,
  set: object = {},
  more: { look?: Look; scheduleToCloseTimeoutMs?: number } = {},
) {
  const { look, ...options } = more
  const input = { ...chunkOf('configmaps'), reset, ...(look === undefined ? {} : { look }) }
  return runAttempts({ world, create, settings: { ...settings, ...set }, activity: 'restoreChunk', input, ...options })
}

const hasConfigMap = (world: World) =>
  world.cluster.look({ group: '', version: 'v1', resource: 'configmaps', namespace: 'shop', name: 'new' }) !== undefined
const requests = (world: World) => world.temporal.look(reset.locks.workflowId)?.signals ?? []

describe('a run that was reset', () => {
  it('restores at once where it holds its namespaces still', async () => {
    const world = await worldWith({ holders: [own], waiting: [] })
    expect((await restoreIn(world)).outcome).toMatchObject({ result: { failed: 0 } })
    expect(hasConfigMap(world)).toBe(true)
    expect(requests(world)).toEqual([])
  })

  it('asks for its namespaces again, and writes nothing before it has them', async () => {
    const world = await worldWith({ holders: [other], waiting: [] })
    const written: boolean[] = []
    world.temporal.onTold = ({ signals, workflowId }) => {
      written.push(hasConfigMap(world))
      const answer = (locks: Locks) =>
        world.temporal.place({ type: locksWorkflowType, workflowId, signals, answers: { locks } })
      answer({ holders: [other], waiting: [own] })
      void world.clock.sleep(30_000).then(() => {
        written.push(hasConfigMap(world))
        answer({ holders: [own], waiting: [] })
      })
    }
    const { outcome, attempts } = await restoreIn(world)
    expect(outcome).toMatchObject({ result: { failed: 0 } })
    expect(written).toEqual([false, false])
    expect(requests(world)).toMatchObject([
      { name: 'request', args: [{ request: { ...reset.run, namespaces: expect.arrayContaining(['shop']) } }] },
    ])
    expect(attempts.length).toBeGreaterThan(2)
  })

  it('waits no longer than restores may wait for each other', async () => {
    const world = await worldWith({ holders: [other], waiting: [own] })
    const { outcome } = await restoreIn(world, { lockTimeoutSeconds: 60 })
    expect(outcome).toMatchObject({
      failure: { type: 'RestoreFailed', message: expect.stringContaining('waiting for Restore velero/other') },
    })
    expect(hasConfigMap(world)).toBe(false)
  })

  it('goes on waiting in another activity long before the time of this one is over', async () => {
    const world = await worldWith({ holders: [other], waiting: [own] })
    const begunMs = world.clock.nowMs()
    const waitingFor = 'Restore velero/other, which restores into namespace shop'
    const hours = 3_600_000
    const more = { look: { told: waitingFor }, scheduleToCloseTimeoutMs: 3 * hours }
    const { outcome } = await restoreIn(world, { lockTimeoutSeconds: 24 * 3600 }, more)
    expect(outcome).toMatchObject({ result: { waitingFor } })
    expect(world.clock.nowMs() - begunMs).toBeGreaterThanOrEqual(hours)
    expect(world.clock.nowMs() - begunMs).toBeLessThan(1.5 * hours)
  })

  it.each([
    ['is over', 'Completed', {}, 'is Completed: use drydock retry'],
    ['is in its next run', 'InProgress', { 'drydock.io/run': '2' }, 'is in run 2, not in run 1'],
  ])('ends without a write where its Restore %s', async (_what, phase, annotations, words) => {
    const world = await worldWith({ holders: [own], waiting: [] })
    const { metadata } = world.cluster.look(restoreAt) ?? {}
    world.cluster.amend(restoreAt, {
      metadata: { ...metadata, annotations: { ...metadata?.annotations, ...annotations } },
      status: { phase },
    })
    const { outcome } = await restoreIn(world)
    expect(outcome).toMatchObject({ failure: { type: 'RunOver', message: expect.stringContaining(words) } })
    expect(hasConfigMap(world)).toBe(false)
  })
})
