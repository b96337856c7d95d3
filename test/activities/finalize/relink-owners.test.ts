import { describe, expect, it } from 'vitest'
import { relinkOwners } from '../../../activities/finalize/relink-owners.ts'
import type { BackedUpOwner } from '../../../core/items/outcome.ts'
import { warning } from '../../../core/items/outcome.ts'
import { ApiError } from '../../../core/port-errors.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { finalizing, withCluster } from '../../kit/finalizing.ts'
import type { Finalizing } from '../../kit/finalizing.ts'

const annotations = { 'drydock.io/owners': 'relink' }
const made = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'shop', name },
  data: {},
})
const web: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {},
}
const byWeb: BackedUpOwner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', controller: true }
const webAt = { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'shop', name: 'web' }
const mapAt = (name: string) => ({ group: '', version: 'v1', resource: 'configmaps', namespace: 'shop', name })

const uidOf = (world: Finalizing, at: typeof webAt) => world.cluster.look(at)?.metadata.uid
const ownersOf = (world: Finalizing, name: string) => world.cluster.look(mapAt(name))?.metadata.ownerReferences
const notLinked = (because: string) =>
  warning('namespace:shop', `configmaps/shop/a is not linked to its owner Deployment web, which ${because}`)

describe('linking objects to their owners again', () => {
  it('gives an object the owner that was restored too, under its new uid', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    expect((await world.run(relinkOwners)).messages).toEqual([])
    expect(ownersOf(world, 'a')).toEqual([{ ...byWeb, uid: uidOf(world, webAt) }])
  })

  it('changes nothing when it is run again', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    await world.run(relinkOwners)
    const before = JSON.stringify(world.cluster.objects())
    await world.run(relinkOwners)
    expect(JSON.stringify(world.cluster.objects())).toBe(before)
  })

  it('never links to an object that took the place of the owner', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    world.cluster.drop(webAt)
    world.cluster.place({ ...web, metadata: { ...web.metadata, uid: 'somebody-else' } })
    expect((await world.run(relinkOwners)).messages).toEqual([
      warning(
        'namespace:shop',
        'configmaps/shop/a is not linked to its owner Deployment web, which is another object than the one that was restored',
      ),
    ])
    expect(ownersOf(world, 'a')).toBeUndefined()
  })

  it.each([
    [{ ...byWeb, name: 'gone' }, 'is not part of this restore'],
    [{ ...byWeb, apiVersion: 'x.example.com/v1' }, 'is of a kind that the cluster does not serve (x.example.com/v1)'],
  ])('says which owner is missing (%#)', async (owner, because) => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [owner] } } })
    expect((await world.run(relinkOwners)).messages).toEqual([
      warning(
        'namespace:shop',
        `configmaps/shop/a is not linked to its owner Deployment ${owner.name}, which ${because}`,
      ),
    ])
  })

  it('finds an owner whose version is not served any more at the one that is', async () => {
    const owner = { ...byWeb, apiVersion: 'apps/v1beta1' }
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [owner] } } })
    expect((await world.run(relinkOwners)).messages).toEqual([])
    expect(ownersOf(world, 'a')).toMatchObject([{ apiVersion: 'apps/v1', uid: uidOf(world, webAt) }])
  })

  it('gives an object of the cluster no owner in a namespace: the garbage collector would remove it', async () => {
    const role = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'reader' },
      rules: [],
    }
    const world = await finalizing({ annotations, created: [web, role], about: { reader: { owners: [byWeb] } } })
    expect((await world.run(relinkOwners)).messages.map(({ text }) => text)).toEqual([
      'clusterroles.rbac.authorization.k8s.io/reader is not linked to its owner Deployment web, which is in a namespace, and it is not',
    ])
  })

  it('decides again where others change the object at the same time', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    const { cluster } = world.context.ports
    let conflicts = 2
    const conflicting: typeof cluster.patch = (...args) =>
      conflicts-- > 0
        ? Promise.reject(new ApiError({ code: 409, reason: 'Conflict', message: 'x' }))
        : cluster.patch(...args)
    expect(await relinkOwners.run(withCluster(world, { patch: conflicting }))).toEqual({ messages: [] })
    expect(ownersOf(world, 'a')).toHaveLength(1)
  })

  it('reads an owner anew after a conflict: one that is gone by then gets no object', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    const { cluster } = world.context.ports
    const patch: typeof cluster.patch = (...args) => {
      if (world.cluster.look(webAt) === undefined) return cluster.patch(...args)
      world.cluster.drop(webAt)
      return Promise.reject(new ApiError({ code: 409, reason: 'Conflict', message: 'x' }))
    }
    expect(await relinkOwners.run(withCluster(world, { patch }))).toEqual({ messages: [notLinked('is gone')] })
    expect(ownersOf(world, 'a')).toBeUndefined()
  })

  it('reads an owner anew for each object: one of several that goes in between gets no more', async () => {
    const about = { a: { owners: [byWeb] }, b: { owners: [byWeb] } }
    const world = await finalizing({ annotations, created: [web, made('a'), made('b')], about })
    const { cluster } = world.context.ports
    const patch: typeof cluster.patch = async (...args) => {
      world.cluster.drop(webAt)
      return cluster.patch(...args)
    }
    await relinkOwners.run(withCluster(world, { patch }))
    expect([ownersOf(world, 'a') ?? [], ownersOf(world, 'b') ?? []]).toEqual([[], []])
  })

  it('takes the reference away again where the owner is gone right after it was set', async () => {
    const other = { apiVersion: 'v1', kind: 'Secret', name: 'other', uid: 'other' }
    const child = { ...made('a'), metadata: { ...made('a').metadata, ownerReferences: [other] } }
    const world = await finalizing({ annotations, created: [web, child], about: { a: { owners: [byWeb] } } })
    const { cluster } = world.context.ports
    const patch: typeof cluster.patch = async (...args) => {
      const answer = await cluster.patch(...args)
      world.cluster.drop(webAt)
      return answer
    }
    expect(await relinkOwners.run(withCluster(world, { patch }))).toEqual({ messages: [notLinked('is gone')] })
    expect(ownersOf(world, 'a')).toEqual([other])
  })

  it('links an object once: where a webhook drops its owners each time, a warning says so', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    const { cluster } = world.context.ports
    let patches = 0
    const patch: typeof cluster.patch = async (ref, _change, options) => {
      if (++patches > 3) throw new ApiError({ code: 403, reason: 'Forbidden', message: 'it goes on and on' })
      return cluster.patch(ref, { metadata: {} }, options)
    }
    expect(await relinkOwners.run(withCluster(world, { patch }))).toEqual({
      messages: [notLinked('somebody has taken away again')],
    })
    expect(patches).toBe(1)
  })

  it('takes a reference away that an attempt which was lost has set to an owner that is gone', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    await world.run(relinkOwners)
    world.cluster.drop(webAt)
    expect((await world.run(relinkOwners)).messages).toEqual([notLinked('is gone')])
    expect(ownersOf(world, 'a') ?? []).toEqual([])
  })

  it('tells what the cluster refuses, such as an owner whose finalizers it may not set', async () => {
    const world = await finalizing({ annotations, created: [web, made('a')], about: { a: { owners: [byWeb] } } })
    const message =
      'cannot set blockOwnerDeletion if an ownerReference refers to a resource you can’t set finalizers on'
    const patch = () => Promise.reject(new ApiError({ code: 403, reason: 'Forbidden', message }))
    expect(await relinkOwners.run(withCluster(world, { patch }))).toEqual({
      messages: [
        warning(
          'namespace:shop',
          `configmaps/shop/a is not linked to its owner Deployment web, which the cluster does not let it have: ${message}`,
        ),
      ],
    })
  })

  it('names twenty that are not linked, and counts the others', async () => {
    const names = Array.from({ length: 23 }, (_, index) => `a${index}`)
    const about = Object.fromEntries(names.map((name) => [name, { owners: [byWeb] }]))
    const world = await finalizing({ annotations, created: names.map(made), about })
    const { messages } = await world.run(relinkOwners)
    expect(messages).toHaveLength(21)
    expect(messages.at(-1)).toEqual(warning('velero', '3 more objects are not linked to their owners'))
  })

  it('is a task only of a restore that asks for it', async () => {
    const { session, context } = await finalizing({ annotations: { 'drydock.io/owners': 'drop' } })
    expect(relinkOwners.isWanted?.(session, context.settings)).toBe(false)
    expect(relinkOwners.isWanted?.((await finalizing({ annotations })).session, context.settings)).toBe(true)
  })
})
