import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { createActivities } from '../../../activities/index.ts'
import type { Locks } from '../../../core/locks/decide-grants.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { runAnnotation } from '../../../velero/labels.ts'
import { journalFolder } from '../../../velero/object-keys.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import type { AnyActivities, RunOptions } from '../crash/run-attempts.ts'
import { create, ref, restoreAt, settings, withShard, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const runId = 'run-1'
const workflowId = workflowIdOf(ref)

/** A world with a restore whose workflow answers so, begun this moment. */
async function worldWith(state: string): Promise<World> {
  const world = createWorld(await worldAt('planned'))
  const answers = { namespaces: { state, runId } }
  world.temporal.place({ type: 'restore', workflowId, runId, startedAtMs: world.clock.nowMs(), answers })
  return world
}

const hanging: RunOptions['create'] = (ports, set) => {
  const stores = { open: () => new Promise<never>(() => undefined) }
  return createActivities({ ...ports, stores }, set) as unknown as AnyActivities
}

/** What is found, and how long that took. */
async function find(world: World, by = create, input: object = {}): Promise<{ found: Locks; tookMs: number }> {
  const begunMs = world.clock.nowMs()
  const options = { world, create: by, settings, activity: 'findHolders', input: { query: 'namespaces', ...input } }
  const { outcome } = await runAttempts(options)
  return { found: (outcome as { result: Locks }).result, tookMs: world.clock.nowMs() - begunMs }
}

describe('a restore that is retried', () => {
  it('holds what the plan of its own run names, not that of the run before', async () => {
    const world = await worldWith('held')
    const folder = journalFolder(ref.name, ref.uid)
    const shards = Array.from(world.buckets.objects('backups'))
    for (const [key, body] of shards)
      if (key.startsWith(folder))
        world.buckets.place('backups', key.replace(folder, journalFolder(ref.name, ref.uid, 2)), body)
    withShard('plan', { etag: '', waves: [], provisioned: [], notes: [] })(world)
    const { metadata } = world.cluster.look(restoreAt) as Manifest
    const annotations = { ...metadata.annotations, [runAnnotation]: '2' }
    world.cluster.amend(restoreAt, { metadata: { ...metadata, annotations } })
    expect((await find(world)).found.holders).toMatchObject([{ namespaces: expect.arrayContaining(['shop']) }])
  })
})

describe('a restore whose plan cannot be read, since its bucket hangs,', () => {
  it('is assumed to hold all namespaces where it holds some, until its bucket tells which', async () => {
    const world = await worldWith('held')
    const { found, tookMs } = await find(world, hanging)
    expect(found).toMatchObject({ holders: [{ namespaces: ['*'], assumed: true }], waiting: [] })
    expect(tookMs).toBeLessThan(30_000)
    const later = await find(world, create, { workflowIds: [workflowId] })
    expect(later.found.holders).toMatchObject([{ namespaces: expect.arrayContaining(['shop']) }])
    expect(later.found.holders[0]?.assumed).toBeUndefined()
    expect((await find(world, create, { workflowIds: ['another'] })).found).toEqual({ holders: [], waiting: [] })
  })

  it('counts as a holder for a moment where its workflow was started a moment ago: the one before may still write', async () => {
    const world = await worldWith('none')
    const [holder] = (await find(world, hanging)).found.holders
    expect(holder).toMatchObject({ namespaces: ['*'], assumed: true })
    expect(holder?.presumed?.untilMs).toBeGreaterThan(world.clock.nowMs())
  })

  it('is left out where it waits: it asks again', async () => {
    expect((await find(await worldWith('asked'), hanging)).found).toEqual({ holders: [], waiting: [] })
  })

  it('is waited for once, also where 200 restores have their plans there: each is a holder', async () => {
    const world = await worldWith('held')
    const restore = world.cluster.look(restoreAt)
    for (let n = 1; n < 200; n++) {
      const { uid: _own, ...metadata } = restore?.metadata ?? { name: '' }
      const placed = { ...restore, metadata: { ...metadata, name: `again-${n}` } } as NonNullable<typeof restore>
      world.cluster.place(placed)
      const uid = world.cluster.look({ ...restoreAt, name: `again-${n}` })?.metadata.uid ?? ''
      const id = workflowIdOf({ ...ref, name: `again-${n}`, uid })
      world.temporal.place({ type: 'restore', workflowId: id, answers: { namespaces: { state: 'held', runId } } })
    }
    const { found, tookMs } = await find(world, hanging)
    expect(found.holders).toHaveLength(200)
    expect(tookMs).toBeLessThan(30_000)
  })
})
