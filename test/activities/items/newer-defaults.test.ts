import { describe, expect, it } from 'vitest'
import type { Cluster, WriteOptions } from '../../../activities/ports.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { outcomeOf, owners, prices, restoring, target } from './restoring.ts'

const fieldsV1 = { 'f:data': { '.': {}, 'f:price': {} } }
const client = owners.map((entry) => ({ ...entry, manager: 'client', fieldsV1 }))
const text = JSON.stringify({ ...prices, metadata: { ...prices.metadata, managedFields: client } })

/** A cluster that sets a field by itself while it reads the body of a create. */
const withDefault = (cluster: Cluster): Cluster => ({
  ...cluster,
  create: (resource, namespace, manifest, options) =>
    cluster.create(resource, namespace, { ...manifest, immutable: false }, options),
})

/** The field managers of the writes, in their order, each with what it did. */
function watched(wrap: (cluster: Cluster) => Cluster = (one) => one) {
  const writes: string[] = []
  const watching = (cluster: Cluster): Cluster => ({
    ...cluster,
    create: (resource, namespace, manifest: Manifest, options: WriteOptions) => {
      writes.push(`create by ${options.fieldManager}`)
      return cluster.create(resource, namespace, manifest, options)
    },
    patch: (ref, patch, options) => {
      writes.push(`patch by ${options.fieldManager}`)
      return cluster.patch(ref, patch, options)
    },
  })
  return { writes, wrap: (cluster: Cluster) => watching(wrap(cluster)) }
}

describe('an object that one write creates in the name of its manager', () => {
  it('takes no second write where the manager owns what it owned in the backup', async () => {
    const { writes, wrap } = watched()
    const { restore } = restoring(text, {}, wrap)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(writes).toEqual(['create by client'])
  })

  it('takes a second write where the API server has set a field by itself, which belongs to nobody then', async () => {
    const { writes, wrap } = watched(withDefault)
    const { world, restore } = restoring(text, {}, wrap)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(writes).toEqual(['create by client', 'patch by drydock-uid-1'])
    expect(world.cluster.look(target)).toMatchObject({ immutable: false, metadata: { managedFields: client } })
  })

  it('takes it in the next attempt where this one died between the two', async () => {
    let deaths = 1
    const dying = (cluster: Cluster): Cluster => ({
      ...withDefault(cluster),
      patch: (...args) => (deaths-- > 0 ? Promise.reject(new Error('killed')) : cluster.patch(...args)),
    })
    const { world, restore } = restoring(text, {}, dying)
    await expect(restore()).rejects.toThrow('killed')
    expect(world.cluster.look(target)?.metadata.managedFields).not.toEqual(client)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(world.cluster.look(target)?.metadata.managedFields).toEqual(client)
  })

  it('gets the owners of the backup where an attempt in mode exact has created it and died', async () => {
    let deaths = 1
    const dying = (cluster: Cluster): Cluster => ({
      ...cluster,
      patch: (...args) => (deaths-- > 0 ? Promise.reject(new Error('killed')) : cluster.patch(...args)),
    })
    const { world, tools, restore } = restoring(text, { managedFields: 'exact' }, dying)
    await expect(restore()).rejects.toThrow('killed')
    Object.assign(tools, { managedFields: 'owners' })
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(world.cluster.look(target)?.metadata.managedFields).toEqual(client)
  })

  it('leaves the entry of who has written it before the next attempt', async () => {
    const { world, restore } = restoring(text)
    await restore()
    const editor = { ...client[0], manager: 'editor', time: '2030-01-01T00:00:00Z' }
    const { managedFields: [own] = [], ...metadata } = world.cluster.look(target)?.metadata ?? {}
    world.cluster.amend(target, { metadata: { ...metadata, managedFields: [{ ...own, fieldsV1: {} }, editor] } })
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(world.cluster.look(target)?.metadata.managedFields).toContainEqual(editor)
  })
})
