import { expect, it } from 'vitest'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../kit/restores.ts'
import { putBackup } from '../kit/put-backup.ts'
import { freshCluster } from '../kit/stack.ts'
import { aNamespace } from '../kit/volume-backups.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { startWorker } from '../kit/worker.ts'
import type { Manifest } from '../../velero/manifest.ts'

/** A definition that accepts anything, as the snapshot controllers' own do for what Velero writes. */
function aDefinition(group: string, version: string, kind: string, scope: 'Cluster' | 'Namespaced') {
  const plural = `${kind.toLowerCase()}s`
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814' },
    },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  }
}

function aSnapshot(name: string): readonly [string, Manifest] {
  const annotations = {
    'velero.io/csi-driver-name': 'd',
    'velero.io/csi-volumesnapshot-handle': `handle-${name}`,
    'velero.io/csi-volumegroupsnapshot-handle': 'group-handle',
  }
  const kind = { apiVersion: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' }
  const spec = { source: { persistentVolumeClaimName: name } }
  const status = { boundVolumeSnapshotContentName: `content-${name}`, readyToUse: true }
  return [
    'volumesnapshots.snapshot.storage.k8s.io',
    { ...kind, metadata: { name, namespace: 'app', annotations }, spec, status },
  ]
}

it('snapshots of one group share a stub, to which each adds its handle, and its status is set', async () => {
  const cluster = await freshCluster({ backups: [] })
  const group = 'groupsnapshot.storage.k8s.io'
  const stubs = `/apis/${group}/v1beta2/volumegroupsnapshotcontents`
  const snapshots = '/apis/snapshot.storage.k8s.io/v1/volumesnapshots'
  await withAdmin(cluster, async (client) => {
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    await client.must('POST', definitions, aDefinition(group, 'v1beta2', 'VolumeGroupSnapshotContent', 'Cluster'))
    await client.must('POST', definitions, aDefinition('snapshot.storage.k8s.io', 'v1', 'VolumeSnapshot', 'Namespaced'))
    const served = async (path: string) => (await client.request('GET', path)).status === 200
    await waitUntil(async () => (await served(stubs)) && (await served(snapshots)), 30_000, 'the kinds to be served')
  })
  const names = ['a', 'b', 'c', 'd', 'e']
  await putBackup(cluster, { name: 'group', items: [aNamespace('app'), ...names.map(aSnapshot)] })
  await startWorker(cluster, { DRYDOCK_FEATURES: 'EnableCSI' })
  await createRestore(cluster, { name: 'group', spec: { backupName: 'group' } })
  const { status } = await awaitRestore(cluster, 'group')
  const { results } = await readResultFiles(cluster, 'group')
  expect({ status, results }).toMatchObject({ results: { errors: {} } })
  const { items } = (await withAdmin(cluster, (client) => client.must('GET', stubs))).body as { items: Manifest[] }
  expect(items).toHaveLength(1)
  const { source } = items[0]!['spec'] as {
    source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: string; volumeSnapshotHandles: string[] } }
  }
  expect(source.groupSnapshotHandles.volumeGroupSnapshotHandle).toBe('group-handle')
  expect(source.groupSnapshotHandles.volumeSnapshotHandles.toSorted()).toEqual(names.map((name) => `handle-${name}`))
  expect(items[0]?.['status']).toEqual({ volumeGroupSnapshotHandle: 'group-handle' })
})
