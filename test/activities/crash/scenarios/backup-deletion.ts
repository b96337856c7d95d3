import { gzipSync } from 'node:zlib'
import type { DeletedBackup } from '../../../../activities/deletion/deleted-backup.ts'
import type { DeletionRef } from '../../../../contract/delete-backup.ts'
import type { Manifest } from '../../../../velero/manifest.ts'
import { backupContentsKey, backupVolumeSnapshotsKey } from '../../../../velero/object-keys.ts'
import { archiveBody } from '../../../ports/archives.ts'
import { cloudProvider } from '../../../ports/plugins/snapshotters.ts'
import type { World, WorldState } from '../../../ports/world.ts'
import { backupName } from '../backup.ts'
import type { Scenario } from '../crash-points.ts'
import { changed, ref as restore, worldAt } from '../restore-in-memory.ts'

const at = (resource: string, name: string) => ({
  group: 'velero.io',
  version: 'v1',
  resource,
  namespace: 'velero',
  name,
})

/** Puts a request there, and another one for the same backup; returns how activities name the first. */
export function placeRequest(world: World, backup: string | undefined = backupName): DeletionRef {
  const labels = { 'velero.io/backup-name': backup, 'velero.io/backup-uid': uidOf(world) }
  const request = (name: string, more: object): Manifest => ({
    apiVersion: 'velero.io/v1',
    kind: 'DeleteBackupRequest',
    metadata: { name, namespace: 'velero', ...more },
    spec: { backupName: backup },
  })
  world.cluster.place(request('earlier', { labels }))
  const { uid = '' } = world.cluster.place(request('shop-1', {})).metadata
  return { namespace: 'velero', name: 'shop-1', uid, cluster: restore.cluster }
}

function uidOf(world: World): string {
  return world.cluster.look(at('backups', backupName))?.metadata.uid ?? ''
}

/** The `id` of the location's store. */
const storeId = 's3.amazonaws.com/backups'

/** What the beginning says of the backup. */
export function deletedOf(world: World, movesData: boolean): DeletedBackup['backup'] {
  return { name: backupName, uid: uidOf(world), location: 'default', store: storeId, movesData }
}

/** Says that the data of volumes may be left in repositories. */
export function leaveData(world: World): void {
  const metadata = world.cluster.look(at('backups', backupName))?.metadata
  const annotations = { 'drydock.io/leave-volume-data': 'true' }
  world.cluster.amend(at('backups', backupName), { metadata: { ...metadata, annotations } })
}

/** Puts CSI snapshots into the cluster's kinds, and one into the backup. */
export function withCsiSnapshot(world: World): void {
  const kind = (plural: string, name: string, scope: string): Manifest => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.snapshot.storage.k8s.io` },
    spec: {
      group: 'snapshot.storage.k8s.io',
      scope,
      names: { kind: name, plural, singular: name.toLowerCase(), listKind: `${name}List` },
      versions: [{ name: 'v1', served: true, storage: true, schema: {} }],
    },
  })
  world.cluster.place(kind('volumesnapshotcontents', 'VolumeSnapshotContent', 'Cluster'))
  world.cluster.place(kind('volumesnapshots', 'VolumeSnapshot', 'Namespaced'))
  const content = (name: string, backup: string): Manifest => ({
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotContent',
    metadata: { name, uid: `uid-of-${name}`, labels: { 'velero.io/backup-name': backup } },
    spec: { deletionPolicy: 'Retain', driver: 'd', volumeSnapshotClassName: 'c', source: { volumeHandle: 'v' } },
    status: { snapshotHandle: `snap-of-${name}` },
  })
  const items = [content('ours', backupName), content('theirs', 'other')]
  const groupResource = 'volumesnapshotcontents.snapshot.storage.k8s.io'
  const body = archiveBody(items.map((manifest) => ({ groupResource, manifest })))
  world.buckets.place('backups', backupContentsKey(backupName), body)
}

/** Puts a native snapshot into the backup. */
export function withNativeSnapshot(world: World): void {
  const snapshots = [{ spec: { location: 'here', persistentVolumeName: 'pv' }, status: { providerSnapshotID: 's-1' } }]
  world.buckets.place('backups', backupVolumeSnapshotsKey(backupName), gzipSync(JSON.stringify(snapshots)))
  world.cluster.place({
    apiVersion: 'velero.io/v2alpha1',
    kind: 'DataUpload',
    metadata: { name: 'up-1', namespace: 'velero', labels: { 'velero.io/backup-name': backupName } },
  })
}

/** Puts ConfigMaps into the backup, for which there is a DeleteItemAction. */
function withConfigMaps(world: World): void {
  const items = ['a', 'b', 'c'].map((name) => ({
    groupResource: 'configmaps',
    manifest: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' } },
  }))
  world.buckets.place('backups', backupContentsKey(backupName), archiveBody(items))
}

/** Puts native snapshots into the backup, and the location that has them. */
function withSnapshotsInCloud(world: World): void {
  const ids = ['s-1', 's-2']
  for (const id of [...ids, 'of-another-backup']) world.cloud.snapshots.add(id)
  const list = ids.map((id) => ({
    spec: { location: 'here', persistentVolumeName: id },
    status: { providerSnapshotID: id },
  }))
  world.buckets.place('backups', backupVolumeSnapshotsKey(backupName), gzipSync(JSON.stringify(list)))
  world.cluster.place({
    apiVersion: 'velero.io/v1',
    kind: 'VolumeSnapshotLocation',
    metadata: { name: 'here', namespace: 'velero' },
    spec: { provider: cloudProvider },
  })
}

/** The world before and the input of an activity that deletes a part of the backup. */
async function part(change: (world: World) => void = () => undefined) {
  let input: DeletedBackup | undefined
  const state = await changed(worldAt('new'), (world) => {
    change(world)
    input = { ref: placeRequest(world), backup: deletedOf(world, true) }
  })
  if (input === undefined) throw new Error('the world was not changed')
  return { state, input }
}

const plain = await part()
const world = (change: (world: World) => void) => async (): Promise<WorldState> => (await part(change)).state
const ref = plain.input.ref

export const beginDeletion: readonly Scenario[] = [
  { when: 'the data of volumes may be left', world: world(leaveData), input: { ref } },
  { when: 'a repository has the data of volumes', world: world(() => undefined), input: { ref } },
  {
    when: 'there is no such backup',
    world: world(({ cluster }) => cluster.drop(at('backups', backupName))),
    input: { ref },
  },
]

export const runDeleteActions: readonly Scenario[] = [
  { when: 'the backup has CSI snapshots', world: world(withCsiSnapshot), input: { ...plain.input, from: 0 } },
  { when: 'a plugin is given items', world: world(withConfigMaps), input: { ...plain.input, from: 0 } },
]

export const deleteSnapshots: readonly Scenario[] = [
  { when: 'the location of a snapshot is gone', world: world(withNativeSnapshot), input: plain.input },
  { when: 'a plugin deletes snapshots', world: world(withSnapshotsInCloud), input: plain.input },
]

export const deleteBackupFiles: readonly Scenario[] = [
  { when: 'all is there', world: world(() => undefined), input: plain.input },
]

export const deleteRestoresOf: readonly Scenario[] = [
  { when: 'there is one', world: world(() => undefined), input: plain.input },
]

export const endDeletion: readonly Scenario[] = [
  { when: 'all went well', world: world(() => undefined), input: { ...plain.input, errors: [] } },
  {
    when: 'it could not begin',
    world: world(() => undefined),
    input: { ref, errors: ['backup deletion failed: the bucket is away'] },
  },
  { when: 'something is left', world: world(() => undefined), input: { ...plain.input, errors: ['a snapshot stays'] } },
]
