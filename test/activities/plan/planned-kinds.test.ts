import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from '../../core/items/builders.ts'
import { restoreWhole } from '../restore-whole.ts'

const definition = (group: string, plural: string, kind: string, shortNames: string[]): Manifest => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Cluster',
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List`, shortNames },
    versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: {} }],
  },
})
const definitions = 'customresourcedefinitions.apiextensions.k8s.io'
const classes = 'volumesnapshotclasses.snapshot.storage.k8s.io'
const gizmo = { ...anObject('Gizmo', 'first', {}, { spec: {}, status: { ready: true } }), apiVersion: 'example.com/v1' }
const gizmoAt = { group: 'example.com', version: 'v1', resource: 'gizmos', name: 'first' }
const gizmos = definition('example.com', 'gizmos', 'Gizmo', ['gz'])

describe('kinds that only the backup brings', () => {
  it('have their place in the order by any of their names, as once their definitions are restored', async () => {
    const order: string[] = []
    await restoreWhole({
      items: {
        [definitions]: [
          definition('snapshot.storage.k8s.io', 'volumesnapshotclasses', 'VolumeSnapshotClass', ['vsclass']),
        ],
        configmaps: [anObject('ConfigMap', 'prices', { namespace: 'shop' })],
        [classes]: [
          { ...anObject('VolumeSnapshotClass', 'fast', {}, { driver: 'd' }), apiVersion: 'snapshot.storage.k8s.io/v1' },
        ],
      },
      spec: { includeClusterResources: true },
      afterWave: ({ groupResource }) => order.push(groupResource),
    })
    expect(order.indexOf(classes)).toBeLessThan(order.indexOf('configmaps'))
    expect(order.indexOf(classes)).toBeGreaterThan(order.indexOf(definitions))
  })

  it.each([
    ['gz', undefined],
    ['gizmos.example.com', { ready: true }],
  ])('are not known by a short name in restoreStatus: %s', async (name, status) => {
    const { world, results } = await restoreWhole({
      items: { [definitions]: [gizmos], 'gizmos.example.com': [gizmo] },
      spec: { includeClusterResources: true, restoreStatus: { includedResources: [name] } },
    })
    expect(results.errors).toEqual({})
    expect(world.cluster.look(gizmoAt)?.['status']).toEqual(status)
  })
})
