import { describe, expect, it } from 'vitest'
import { prepareItem } from '../../../core/items/prepare-item.ts'
import type { Preparation } from '../../../core/items/prepare-item.ts'
import { chunkedPlan } from './builders.ts'
import { plannedWorkloads } from '../../../core/workloads/scale-back.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { GroupResource } from '../../../velero/resource.ts'
import { noVolumes, rulesWith } from '../items/builders.ts'
import { aPod, aWorkload, podVolumeBackup } from './builders.ts'

const plan = chunkedPlan({ 'replicasets.apps': ['web-5d8c'], 'statefulsets.apps': ['db'], 'deployments.apps': ['web'] })
const zeroReplicas = { isPlanned: plannedWorkloads(plan) }

function prepare(item: Manifest, groupResource: GroupResource, volumes: Partial<typeof noVolumes> = {}): Preparation {
  const rules = rulesWith({ zeroReplicas, volumes: { ...noVolumes, ...volumes } })
  return prepareItem({ item, groupResource, targetNamespace: 'copy' }, rules)
}

describe('a restore whose workloads are to stand still', () => {
  it.each([
    ['deployments.apps', 'Deployment'],
    ['statefulsets.apps', 'StatefulSet'],
    ['replicasets.apps', 'ReplicaSet'],
    ['replicationcontrollers', 'ReplicationController'],
  ])('creates one of %s with no replicas, and keeps their number', (groupResource, kind) => {
    const prepared = prepare(aWorkload(kind, 'web', 3), groupResource)
    expect(prepared).toMatchObject({ do: 'write', atZero: { replicas: 3 }, messages: [] })
    // An object that stands already is compared with what the backup has.
    expect(prepared).toMatchObject({ object: { spec: { replicas: 3 } } })
  })

  it('names the controller of a workload', () => {
    const item = aWorkload('ReplicaSet', 'web-5d8c', 3, { kind: 'Deployment', name: 'web' })
    expect(prepare(item, 'replicasets.apps')).toMatchObject({ atZero: { replicas: 3, controller: 'Deployment web' } })
  })

  it.each([
    ['has none in the backup', aWorkload('Deployment', 'web', 0), 'deployments.apps'],
    ['has a number that is no number', aWorkload('Deployment', 'web', 'x'), 'deployments.apps'],
    ['is no workload', { ...aWorkload('Gizmo', 'web', 3), apiVersion: 'example.com/v1' }, 'gizmos.example.com'],
  ])('leaves an object as it is that %s', (_why, item, groupResource) => {
    expect(prepare(item, groupResource)).not.toHaveProperty('atZero')
  })

  it('counts one replica where a workload names no number', () => {
    expect(prepare(aWorkload('Deployment', 'web', undefined), 'deployments.apps')).toMatchObject({
      atZero: { replicas: 1 },
    })
  })

  it.each([
    ['Deployment', 'deployments.apps', 'web', 'web-5d8c-abcde'],
    ['ReplicaSet', 'replicasets.apps', 'web-5d8c', 'web-5d8c-abcde'],
    ['StatefulSet', 'statefulsets.apps', 'db', 'db-0'],
    ['Deployment', 'deployments.apps', 'w'.repeat(60), `${'w'.repeat(58)}abcde`],
  ])('keeps the replicas of a %s whose pods a node agent fills', (kind, groupResource, name, pod) => {
    const prepared = prepare(aWorkload(kind, name, 3), groupResource, { podVolumeBackups: [podVolumeBackup(pod)] })
    expect(prepared).not.toHaveProperty('atZero')
    expect(prepared).toMatchObject({
      messages: [
        {
          severity: 'warning',
          text: `${groupResource}/copy/${name}: it keeps its 3 replicas: a node agent fills the volumes of its pod ${pod} while the pod is there`,
        },
      ],
    })
  })

  it.each([
    ['Deployment', 'deployments.apps', 'web', 'web-api-0'],
    ['StatefulSet', 'statefulsets.apps', 'db', 'db-copy-0'],
    ['ReplicaSet', 'replicasets.apps', 'web', 'web-5d8c-abcde'],
  ])('does not take the pods of others for those of a %s', (kind, groupResource, name, pod) => {
    const volumes = { podVolumeBackups: [podVolumeBackup(pod), podVolumeBackup(`${name}-0`, 'elsewhere')] }
    expect(prepare(aWorkload(kind, name, 3), groupResource, volumes)).toMatchObject({ atZero: { replicas: 3 } })
  })

  it('keeps the replicas of a workload whose claims a data mover fills, for it may wait for a pod', () => {
    const db = aWorkload('StatefulSet', 'db', 2)
    Object.assign(db['spec'] as object, { volumeClaimTemplates: [{ metadata: { name: 'data' } }] })
    const moved = { pv: { pvcNamespace: 'shop', pvcName: 'data-db-1', snapshotDataMoved: true } }
    expect(prepare(db, 'statefulsets.apps', { infos: moved })).not.toHaveProperty('atZero')
    expect(prepare(db, 'statefulsets.apps', { movedClaims: ['shop/data-db-0'] })).not.toHaveProperty('atZero')
    expect(prepare(db, 'statefulsets.apps', { movedClaims: ['shop/data-db-x', 'other/data-db-0'] })).toHaveProperty(
      'atZero',
    )
  })
})

describe('a pod of a workload that is to stand still', () => {
  const ofSet = aPod('web-5d8c-abcde', { kind: 'ReplicaSet', name: 'web-5d8c' })

  it('is left out, for it would run until its workload stands', () => {
    expect(prepare(ofSet, 'pods')).toEqual({
      do: 'skip',
      because: 'ReplicaSet web-5d8c is restored with zero replicas, and makes the pod once it has some',
      companions: [],
      messages: [],
    })
  })

  it('is told of where it has hooks, which no other pod gets', () => {
    const hooked = {
      ...ofSet,
      metadata: { ...ofSet.metadata, annotations: { 'post.hook.restore.velero.io/command': '["x"]' } },
    }
    expect(prepare(hooked, 'pods')).toMatchObject({
      do: 'skip',
      messages: [{ severity: 'warning', text: /^restore hooks of pods\/copy\/web-5d8c-abcde do not run: / }],
    })
  })

  it.each([
    ['has no controller', aPod('alone')],
    ['belongs to a Job', aPod('once-abcde', { kind: 'Job', name: 'once' })],
    ['belongs to a workload that is not restored', aPod('x-abcde', { kind: 'ReplicaSet', name: 'x' })],
  ])('is restored where it %s', (_why, pod) => {
    expect(prepare(pod, 'pods')).toMatchObject({ do: 'write' })
  })

  it('is restored where its volumes are filled while it is there', () => {
    expect(prepare(ofSet, 'pods', { podVolumeBackups: [podVolumeBackup('web-5d8c-abcde')] })).toMatchObject({
      do: 'write',
    })
    const withClaim = { ...ofSet, spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] } }
    expect(prepare(withClaim, 'pods', { movedClaims: ['shop/data'] })).toMatchObject({ do: 'write' })
    expect(prepare(withClaim, 'pods')).toMatchObject({ do: 'skip' })
  })

  it('is restored where nobody asks for a standstill', () => {
    const input = { item: ofSet, groupResource: 'pods', targetNamespace: 'copy' }
    expect(prepareItem(input, rulesWith())).toMatchObject({ do: 'write' })
  })
})
