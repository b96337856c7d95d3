import { describe, expect, it } from 'vitest'
import { anObject, labels } from '../../core/items/builders.ts'
import { restoreWhole } from '../restore-whole.ts'
import { outcomeOf, owners, prices, restoring, target } from './restoring.ts'

const claimSpec = { accessModes: ['ReadWriteOnce'], resources: {} }
const volume = (name: string, more: object = {}) =>
  anObject('PersistentVolume', name, {}, { spec: { csi: { driver: 'd', volumeHandle: name }, ...more } })
describe('a claim whose data a data mover brings', () => {
  it('is left to whoever has made it after the plan', async () => {
    const annotations = { 'velero.io/data-upload-name': 'du' }
    const { world, results, list } = await restoreWhole({
      items: {
        persistentvolumeclaims: [
          anObject('PersistentVolumeClaim', 'data', { namespace: 'shop', annotations }, { spec: claimSpec }),
        ],
      },
      backupSpec: { snapshotMoveData: true },
      afterPlan: ({ cluster }) => {
        cluster.place(anObject('Namespace', 'shop'))
        cluster.place(anObject('PersistentVolumeClaim', 'data', { namespace: 'shop' }, { spec: claimSpec }))
      },
    })
    expect(world.cluster.objects().filter(({ kind }) => kind === 'DataDownload')).toEqual([])
    expect(results.errors).toEqual({})
    expect(results.warnings.namespaces?.['shop']).toHaveLength(1)
    expect(list).toEqual({ 'v1/PersistentVolumeClaim': ['shop/data(failed)'] })
  })
})

describe('an object that a controller makes again right after its create', () => {
  const remade = (own: Record<string, string>) => {
    const made = restoring(JSON.stringify(prices), {}, (cluster) => ({
      ...cluster,
      create: async (...args) => {
        const live = await cluster.create(...args)
        made.world.cluster.drop(target)
        made.world.cluster.place({
          ...prices,
          metadata: { name: 'prices', namespace: 'shop', uid: 'new', labels: own },
        })
        return live
      },
    }))
    return made
  }

  it('gets the owners of the backup, as with Velero', async () => {
    const { world, restore } = remade({})
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(world.cluster.look(target)?.metadata).toMatchObject({ uid: 'new', managedFields: owners })
  })

  it('does not get them where it has our labels: it would pass for ours', async () => {
    const { world, restore } = remade(labels)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(world.cluster.look(target)?.metadata.managedFields).not.toEqual(owners)
  })
})

describe('the log says what Velero keeps to itself', () => {
  it('that a volume is held by another claim', async () => {
    const spec = { ...claimSpec, volumeName: 'held' }
    const { log, results, world } = await restoreWhole({
      items: { persistentvolumeclaims: [anObject('PersistentVolumeClaim', 'data', { namespace: 'shop' }, { spec })] },
      standing: [volume('held', { claimRef: { namespace: 'other', name: 'other' } })],
    })
    const remark = 'its volume held is held by claim other/other'
    expect(log).toContain(remark)
    const events = world.cluster.objects().filter(({ kind }) => kind === 'Event')
    expect(events).toContainEqual(expect.objectContaining({ reason: 'Remarks', note: expect.stringContaining(remark) }))
    expect(results).toEqual({ errors: {}, warnings: {} })
  })

  it('that the included namespaces have nothing', async () => {
    const { log, results } = await restoreWhole({
      items: { configmaps: [prices] },
      spec: { includedNamespaces: ['shpo'] },
    })
    expect(log).toContain('Nothing to restore: the backup has no item in the included namespaces shpo')
    expect(results).toEqual({ errors: {}, warnings: {} })
  })

  it('that labels are lost, or an update with its object', async () => {
    const broken = { ...prices, metadata: { ...prices.metadata, labels: { on: true } } }
    const { restore } = restoring(JSON.stringify(broken))
    expect(await outcomeOf(await restore())).toMatchObject({ because: expect.stringContaining('loses all labels') })
    const { world, restore: update } = restoring(JSON.stringify(prices), { policyFor: () => 'update' })
    const going = { name: 'prices', namespace: 'shop', creationTimestamp: '2020-01-01T00:00:00Z' }
    const deletion = { deletionTimestamp: '2026-01-02T03:04:00Z', finalizers: ['a/b'] }
    world.cluster.place({ ...prices, metadata: { ...going, ...deletion }, data: { price: '1' } })
    expect(await outcomeOf(await update())).toMatchObject({
      action: 'updated',
      because: expect.stringContaining('being deleted'),
    })
  })
})
