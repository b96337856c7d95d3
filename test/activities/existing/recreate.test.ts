import { describe, expect, it } from 'vitest'
import { NotYet } from '../../../activities/items/item-tools.ts'
import type { ItemTools } from '../../../activities/items/item-tools.ts'
import type { Cluster } from '../../../activities/ports.ts'
import { plannedKey } from '../../../core/plan/plan.ts'
import { labels } from '../../core/items/builders.ts'
import { startGarbageCollector } from '../../ports/controllers.ts'
import type { World } from '../../ports/world.ts'
import { apiError, outcomeOf, owners, placeOther, prices, refusing, restoring, target } from '../items/restoring.ts'

const text = JSON.stringify(prices)

/** Restores under the policy `recreate`, over a ConfigMap of another price. */
function recreating(more: Partial<ItemTools> = {}, wrap?: (cluster: Cluster) => Cluster) {
  const native = { terminatingTimeoutSeconds: 600 } as ItemTools['native']
  const made = restoring(text, { policyFor: () => 'recreate', native, ...more }, wrap)
  placeOther(made.world, '4')
  return made
}

const uidIn = (world: World) => world.cluster.look(target)?.metadata.uid

describe('an object that differs, under the policy recreate', () => {
  it('is deleted with what it owns, and the item created', async () => {
    const { world, restore } = recreating()
    startGarbageCollector(world)
    const before = uidIn(world)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    const live = world.cluster.look(target)
    expect(live).toMatchObject({ data: { price: '3' }, metadata: { labels, managedFields: owners } })
    expect(live?.metadata.uid).not.toBe(before)
  })

  it('is deleted once: what this restore created itself stays, also where controllers have changed its owners', async () => {
    const { world, restore } = recreating()
    startGarbageCollector(world)
    await restore()
    const made = uidIn(world)
    const metadata = { ...world.cluster.look(target)?.metadata, managedFields: [] }
    world.cluster.amend(target, { metadata, data: { price: '5' } })
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created' })
    expect(uidIn(world)).toBe(made)
  })

  it('is waited for while it goes away, and then created', async () => {
    const { world, restore } = recreating()
    await expect(restore()).rejects.toThrow(
      new NotYet('configmaps/shop/prices to be gone, since it is to be created anew: objects that it owns still stand'),
    )
    world.cluster.drop(target)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created' })
  })

  it('is an error of its item where a finalizer keeps it beyond the time, and the next run creates the item', async () => {
    const { world, restore } = recreating({ native: { terminatingTimeoutSeconds: 0 } as ItemTools['native'] })
    const metadata = { ...world.cluster.look(target)?.metadata, finalizers: ['example.com/hold'] }
    world.cluster.amend(target, { metadata })
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'failed',
      messages: [
        {
          severity: 'error',
          text:
            'configmaps/shop/prices was deleted to be created anew, and is not gone after 0 s: it has finalizers ' +
            'example.com/hold. Retry the restore once it is gone',
        },
      ],
    })
    world.cluster.drop(target)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created' })
  })

  it('is left where somebody else has made another one meanwhile, with the plain warning', async () => {
    const { world, restore } = recreating()
    await restore().catch(() => undefined)
    world.cluster.drop(target)
    placeOther(world, '7')
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'failed',
      messages: [{ severity: 'warning', text: expect.stringContaining('already exists') }],
    })
    expect(world.cluster.look(target)?.['data']).toEqual({ price: '7' })
  })

  it('is decided anew where somebody changes it before the delete', async () => {
    let world: World | undefined
    const made = recreating({}, (cluster) => ({
      ...cluster,
      remove(ref, options) {
        if (world?.cluster.look(target)?.['data'] !== undefined) world.cluster.amend(target, { data: { price: '3' } })
        return cluster.remove(ref, options)
      },
    }))
    world = made.world
    expect(await made.restore()).toMatchObject({ trouble: { kind: 'passing' } })
    expect(await outcomeOf(await made.restore())).toMatchObject({ action: 'skipped' })
    expect(world.cluster.look(target)?.metadata.deletionTimestamp).toBeUndefined()
  })

  it('stands where the server would not create its item', async () => {
    const quota = apiError(403, 'Forbidden', 'configmaps "prices" is forbidden: exceeded quota: few')
    const { world, restore } = recreating({}, refusing('create', quota))
    const before = uidIn(world)
    expect(await restore()).toMatchObject({
      trouble: {
        kind: 'missing',
        outcome: {
          messages: [{ text: expect.stringMatching(/exceeded quota: few; the one that exists was not deleted$/) }],
        },
      },
    })
    expect(world.cluster.look(target)?.metadata).toMatchObject({ uid: before })
    expect(world.cluster.look(target)?.metadata.deletionTimestamp).toBeUndefined()
  })

  it('stands where a claim would go with it, and the item says so', async () => {
    const { world, tools, restore } = recreating()
    startGarbageCollector(world)
    const before = uidIn(world)
    const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'prices', uid: before ?? '' }]
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' }
    world.cluster.place({ ...claim, metadata: { namespace: 'shop', name: 'data-0', ownerReferences } })
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'failed',
      messages: [
        {
          severity: 'error',
          text:
            'configmaps/shop/prices exists and is not recreated: it owns the claims data-0, which would go with it, and ' +
            'their data. Take another policy for it, or delete it yourself',
        },
      ],
    })
    expect(world.cluster.look(target)?.metadata).toMatchObject({ uid: before })
    expect(world.cluster.look(target)?.metadata.deletionTimestamp).toBeUndefined()
    expect(
      await tools.recreated.about(plannedKey('configmaps', { namespace: 'shop', name: 'prices', target: 'shop' })),
    ).toBeUndefined()
  })

  it('stands where it may not be deleted, and the item says so', async () => {
    const denied = apiError(403, 'Forbidden', 'configmaps "prices" is forbidden: no')
    const { restore } = recreating({}, (cluster) => ({ ...cluster, remove: () => Promise.reject(denied) }))
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'failed',
      messages: [
        {
          severity: 'error',
          text: `configmaps/shop/prices exists and is to be created anew, but cannot be deleted: ${denied.message}`,
        },
      ],
    })
  })
})

describe('an item that an attempt has created', () => {
  it('counts as created when another attempt meets it, also where a controller has written it meanwhile', async () => {
    const { world, tools, restore } = restoring(text)
    const first = await outcomeOf(await restore())
    expect(await outcomeOf(await restore())).toEqual(first)
    const note = { metadata: { annotations: { bound: 'yes' } } }
    await world.clock.run(tools.cluster.patch(target, note, { fieldManager: 'controller' }))
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', object: first.object, messages: [] })
  })
})
