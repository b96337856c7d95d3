import { describe, expect, it } from 'vitest'
import { carryScaled, scaleWorkloads, tellAtZero } from '../../../activities/finalize/scale-workloads.ts'
import { openJournal, readOutcomes } from '../../../activities/frame/journal.ts'
import { error, warning } from '../../../core/items/outcome.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { valueAt } from '../../../core/values/fields.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { ObjectRef } from '../../../velero/resource.ts'
import { finalizing, ref, withCluster } from '../../kit/finalizing.ts'
import type { Finalizing, RestoreUnderTest } from '../../kit/finalizing.ts'

const annotations = { 'drydock.io/replicas': 'scale-back' }

/** A workload as it was created: with none of its replicas. */
const aWorkload = (kind: string, name: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { namespace: 'shop', name, generation: 1 },
  spec: { replicas: 0 },
})
const at = (resource: string, name: string): ObjectRef => ({
  group: 'apps',
  version: 'v1',
  resource,
  namespace: 'shop',
  name,
})
const web = at('deployments', 'web')
const db = at('statefulsets', 'db')
const scaled = (world: Finalizing, ref: ObjectRef) => valueAt(world.cluster.look(ref), 'spec', 'replicas')

/** A controller has made all pods of a workload, and they are ready. */
function getReady({ cluster }: Finalizing, at: ObjectRef): void {
  const replicas = valueAt(cluster.look(at), 'spec', 'replicas')
  cluster.amend(at, { status: { observedGeneration: 99, replicas, readyReplicas: replicas } })
}

const refusing = {
  patch: () => Promise.reject(new ApiError({ code: 403, reason: 'Forbidden', message: 'not you' })),
}

const shop = (more: RestoreUnderTest = {}) =>
  finalizing({
    annotations,
    created: [aWorkload('Deployment', 'web'), aWorkload('StatefulSet', 'db')],
    about: { web: { atZero: { replicas: 3 } }, db: { atZero: { replicas: 2 } } },
    ...more,
  })

/** All controllers do their work at once. */
function withControllers(world: Finalizing): void {
  world.cluster.onChange((object, at) => {
    const [wanted, made] = [valueAt(object, 'spec', 'replicas'), valueAt(object, 'status', 'replicas')]
    if (object?.apiVersion === 'apps/v1' && wanted !== made) getReady(world, at)
  })
}

describe('scaling workloads back', () => {
  it('gives them the replicas of the backup', async () => {
    const world = await shop()
    withControllers(world)
    expect((await world.run(scaleWorkloads)).messages).toEqual([])
    expect([scaled(world, web), scaled(world, db)]).toEqual([3, 2])
  })

  const apply = {
    manager: 'gitops',
    operation: 'Apply',
    apiVersion: 'apps/v1',
    time: '2025-06-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:spec': { 'f:replicas': {} } },
  }

  it('leaves the number of replicas to those who owned it before', async () => {
    const world = await shop()
    const live = world.cluster.look(web)
    if (live === undefined) throw new Error('there is no Deployment')
    world.cluster.place({ ...live, metadata: { ...live.metadata, managedFields: [apply] } })
    withControllers(world)
    expect((await world.run(scaleWorkloads)).messages).toEqual([])
    expect(scaled(world, web)).toBe(3)
    expect(world.cluster.look(web)?.metadata.managedFields).toEqual([apply])
  })

  it('keeps the owners that another writer brought right after the scale patch', async () => {
    const world = await shop({ created: [aWorkload('Deployment', 'web')] })
    const live = world.cluster.look(web)
    if (live === undefined) throw new Error('there is no Deployment')
    world.cluster.place({ ...live, metadata: { ...live.metadata, managedFields: [apply] } })
    const newer = { ...apply, manager: 'autoscaler', time: '2025-06-02T00:00:00Z' }
    const { cluster } = world.context.ports
    const patch: typeof cluster.patch = async (...args) => {
      const answer = await cluster.patch(...args)
      if (valueAt(args[1], 'spec', 'replicas') !== undefined)
        world.cluster.amend(web, { metadata: { managedFields: [newer] } })
      return answer
    }
    await scaleWorkloads.run(withCluster(world, { patch }))
    expect(scaled(world, web)).toBe(3)
    expect(world.cluster.look(web)?.metadata.managedFields).toEqual([newer])
  })

  it('begins with StatefulSets, and waits until they are ready', async () => {
    const world = await shop()
    const seen: unknown[] = []
    world.clock.later(60_000, () => {
      seen.push(scaled(world, db), scaled(world, web))
      getReady(world, db)
      withControllers(world)
    })
    expect((await world.run(scaleWorkloads)).messages).toEqual([])
    expect(seen).toEqual([2, 0])
    expect(scaled(world, web)).toBe(3)
  })

  it('goes on without those that are not ready by the deadline, and names them', async () => {
    const world = await shop({ settings: { resourceTimeoutSeconds: 60 } })
    expect((await world.run(scaleWorkloads)).messages).toEqual([
      warning(
        'namespace:shop',
        'deployments.apps/shop/web was scaled back, and was not ready in time: no controller has looked at it yet',
      ),
      warning(
        'namespace:shop',
        'statefulsets.apps/shop/db was scaled back, and was not ready in time: no controller has looked at it yet',
      ),
    ])
    expect([scaled(world, web), scaled(world, db)]).toEqual([3, 2])
  })

  it('leaves one as it is that somebody has scaled meanwhile', async () => {
    const world = await shop()
    withControllers(world)
    world.cluster.amend(web, { spec: { replicas: 7 } })
    expect((await world.run(scaleWorkloads)).messages).toEqual([
      warning(
        'namespace:shop',
        expect.stringMatching(/^deployments\.apps\/shop\/web was scaled to 7 .*the backup has 3$/),
      ),
    ])
    expect(scaled(world, web)).toBe(7)
  })

  it('tells once of what it has scaled itself, and what an autoscaler does after that is not its business', async () => {
    const world = await shop()
    world.clock.later(60_000, () => {
      world.cluster.amend(db, { spec: { replicas: 9 } })
      withControllers(world)
      getReady(world, db)
    })
    expect((await world.run(scaleWorkloads)).messages).toEqual([])
    expect(scaled(world, db)).toBe(9)
  })

  it('has an error for one that the cluster does not let it scale, so that the restore can be retried', async () => {
    const world = await shop({ created: [aWorkload('Deployment', 'web')] })
    withControllers(world)
    expect(await scaleWorkloads.run(withCluster(world, refusing))).toEqual({
      messages: [error('namespace:shop', 'deployments.apps/shop/web could not be scaled back to 3 replicas: not you')],
    })
  })

  it('leaves a ReplicaSet to the Deployment that is restored too', async () => {
    const world = await shop({
      created: [aWorkload('Deployment', 'web'), aWorkload('ReplicaSet', 'web-5d8c'), aWorkload('ReplicaSet', 'alone')],
      about: {
        web: { atZero: { replicas: 3 } },
        'web-5d8c': { atZero: { replicas: 3, controller: 'Deployment web' } },
        alone: { atZero: { replicas: 1, controller: 'Deployment gone' } },
      },
    })
    withControllers(world)
    expect((await world.run(scaleWorkloads)).messages).toEqual([])
    expect(scaled(world, at('replicasets', 'web-5d8c'))).toBe(0)
    expect(scaled(world, at('replicasets', 'alone'))).toBe(1)
  })

  it('is a task only of a restore that asks for it', async () => {
    const { session, context } = await finalizing({ annotations: { 'drydock.io/replicas': 'zero' } })
    expect(scaleWorkloads.isWanted?.(session, context.settings)).toBe(false)
    const asking = await shop()
    expect(scaleWorkloads.isWanted?.(asking.session, asking.context.settings)).toBe(true)
  })
})

describe('a retry of a restore that has scaled its workloads back', () => {
  /** The same world, as a retry finds it. */
  const retried = async (world: Finalizing): Promise<Finalizing['context']> => {
    const { context, session } = world
    const journal = openJournal(session.store, { ...ref, run: 2 })
    await carryScaled(session.journal, journal)
    await carryScaled(session.journal, journal)
    const restore = { ...session.admission.restore, run: 2 }
    return { ...context, session: { ...session, journal, admission: { ...session.admission, restore } } }
  }

  it('leaves at zero what somebody has scaled there since then', async () => {
    const world = await shop({ created: [aWorkload('Deployment', 'web')] })
    withControllers(world)
    await world.run(scaleWorkloads)
    world.cluster.amend(web, { spec: { replicas: 0 } })
    expect(await scaleWorkloads.run(await retried(world))).toEqual({ messages: [] })
    expect(scaled(world, web)).toBe(0)
  })

  it('scales one that could not be scaled before, and says nothing of that again', async () => {
    const world = await shop({ created: [aWorkload('Deployment', 'web')] })
    withControllers(world)
    await scaleWorkloads.run(withCluster(world, refusing))
    expect(await scaleWorkloads.run(await retried(world))).toEqual({ messages: [] })
    expect(scaled(world, web)).toBe(3)
  })
})

describe('a restore that is given up before its workloads are scaled back', () => {
  const tell = async (world: Finalizing) => {
    const { ports, sessions } = world.parts
    await tellAtZero({ ref, ports, sessions, attempt: world.context.attempt })
    const told = (await readOutcomes(world.session.journal, 'finalize/scale-workloads')).flatMap((one) => one.messages)
    return told.map(({ text }) => text)
  }

  it('names those that stand at zero, and what scales them back', async () => {
    const world = await shop()
    world.cluster.amend(db, { spec: { replicas: 2 } })
    expect(await tell(world)).toEqual([
      'deployments.apps/shop/web stands at zero replicas, and has 3 in the backup: `drydock retry` scales it back',
    ])
    expect(await tell(world)).toHaveLength(1)
  })

  it('does not name one that it has scaled back, and somebody has scaled to zero since then', async () => {
    const world = await shop({ created: [aWorkload('Deployment', 'web')] })
    withControllers(world)
    await world.run(scaleWorkloads)
    world.cluster.amend(web, { spec: { replicas: 0 } })
    expect(await tell(world)).toEqual([])
  })

  it('names twenty, and counts the others', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `web-${String(index).padStart(2, '0')}`)
    const about = Object.fromEntries(names.map((name) => [name, { atZero: { replicas: 1 } }]))
    const world = await shop({ created: names.map((name) => aWorkload('Deployment', name)), about })
    const told = await tell(world)
    expect(told).toHaveLength(21)
    expect(told.at(-1)).toBe('3 more workloads stand at zero replicas')
  })

  it('says nothing where they are to stay there', async () => {
    expect(await tell(await shop({ annotations: { 'drydock.io/replicas': 'zero' } }))).toEqual([])
  })
})
