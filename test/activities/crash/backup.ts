import { gzipSync } from 'node:zlib'
import type { Manifest } from '../../../velero/manifest.ts'
import { backupContentsKey, backupVolumeInfoKey } from '../../../velero/object-keys.ts'
import type { BackupVolumeInfo } from '../../../velero/volume-info.ts'
import { archiveBody } from '../../ports/archives.ts'
import type { ArchivedItem } from '../../ports/archives.ts'
import type { World } from '../../ports/world.ts'

/** The backup that is restored: small, with each kind of work that a restore knows. */
export const backupName = 'shop'

const written = {
  manager: 'operator',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2025-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
}

const owned = (fieldsV1: object) => ({ managedFields: [{ ...written, fieldsV1 }] })
const dataOwned = owned({ 'f:data': { '.': {}, 'f:a': {} } })

const item = (groupResource: string, manifest: Manifest): ArchivedItem => ({ groupResource, manifest })

const core = (kind: string, name: string, more: object = {}, metadata: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'shop', ...metadata },
  ...more,
})

const cluster = (manifest: Manifest): Manifest => {
  const { namespace: _namespace, ...metadata } = manifest.metadata
  return { ...manifest, metadata }
}

const claim = (name: string, volumeName: string, annotations: Record<string, string> = {}): Manifest =>
  core(
    'PersistentVolumeClaim',
    name,
    {
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: 'fast',
        volumeName,
      },
      status: { phase: 'Bound' },
    },
    { annotations },
  )

const volume = (name: string, claimName: string): Manifest =>
  cluster(
    core('PersistentVolume', name, {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Delete',
        storageClassName: 'fast',
        csi: { driver: 'd', volumeHandle: name },
        claimRef: { kind: 'PersistentVolumeClaim', namespace: 'shop', name: claimName },
      },
      status: { phase: 'Bound' },
    }),
  )

const gizmoDefinition: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gizmos.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Gizmo', plural: 'gizmos', singular: 'gizmo', listKind: 'GizmoList' },
    versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: {} }],
  },
}

const webPod = core(
  'Pod',
  'web',
  {
    spec: {
      containers: [
        { name: 'app', image: 'example.com/app:1', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
        { name: 'side', image: 'example.com/side:1' },
      ],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  },
  { labels: { app: 'web' } },
)

/** Its items. */
export const items: readonly ArchivedItem[] = [
  item('customresourcedefinitions.apiextensions.k8s.io', gizmoDefinition),
  item(
    'namespaces',
    cluster(core('Namespace', 'shop', {}, { labels: { team: 'sales' }, ...owned({ 'f:metadata': {} }) })),
  ),
  item('datauploads.velero.io', {
    apiVersion: 'velero.io/v2alpha1',
    kind: 'DataUpload',
    metadata: { name: 'du1', namespace: 'velero' },
    spec: {
      snapshotType: 'CSI',
      backupStorageLocation: 'default',
      sourceNamespace: 'shop',
      sourcePVC: 'moved',
      operationTimeout: '10m0s',
      csiSnapshot: { volumeSnapshot: 'vs1', storageClass: 'fast', snapshotClass: 'c' },
    },
    status: { phase: 'Completed', snapshotID: 'snap', progress: { totalBytes: 7, bytesDone: 7 } },
  }),
  item('persistentvolumes', volume('pv-data', 'data')),
  item('persistentvolumes', volume('pv-moved', 'moved')),
  item('persistentvolumeclaims', claim('data', 'pv-data')),
  item('persistentvolumeclaims', claim('moved', 'pv-moved', { 'velero.io/data-upload-name': 'du1' })),
  item('serviceaccounts', core('ServiceAccount', 'builder', { secrets: [{ name: 'token' }] })),
  item('secrets', core('Secret', 'token', { type: 'Opaque', data: { token: 'c2VjcmV0' } }, dataOwned)),
  item('configmaps', core('ConfigMap', 'new', { data: { a: '1' } }, dataOwned)),
  item('configmaps', core('ConfigMap', 'same', { data: { a: '1' } }, dataOwned)),
  item('configmaps', core('ConfigMap', 'other', { data: { a: '1' } }, dataOwned)),
  { groupResource: 'configmaps', manifest: { namespace: 'shop', name: 'broken', text: '{"apiVersion": "v1", ' } },
  item('pods', webPod),
  item('gizmos.example.com', {
    apiVersion: 'example.com/v1',
    kind: 'Gizmo',
    metadata: { name: 'first', namespace: 'shop' },
    spec: { size: 1 },
    status: { ready: true },
  }),
]

const volumeInfos: readonly BackupVolumeInfo[] = [
  { name: 'data', method: 'PodVolumeBackup' as const },
  { name: 'moved', method: 'CSISnapshot' as const },
].map(({ name, method }) => ({
  pvcName: name,
  pvcNamespace: 'shop',
  pvName: `pv-${name}`,
  backupMethod: method,
  snapshotDataMoved: method === 'CSISnapshot',
  skipped: false,
  pvInfo: { reclaimPolicy: 'Retain', labels: { tier: 'gold' } },
}))

/** Puts the backup into the bucket, and its resources into the cluster, as Velero leaves them there. */
export function placeBackup(world: World): void {
  world.buckets.place('backups', backupContentsKey(backupName), archiveBody(items))
  world.buckets.place('backups', backupVolumeInfoKey(backupName), gzipSync(JSON.stringify(volumeInfos)))
  world.cluster.place({
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: backupName, namespace: 'velero' },
    spec: { storageLocation: 'default', snapshotMoveData: true },
    status: { phase: 'Completed', formatVersion: '1.1.0' },
  })
  world.cluster.place({
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: {
      name: 'shop-1',
      namespace: 'velero',
      labels: { 'velero.io/backup-name': backupName },
      annotations: { 'velero.io/pvc-name': 'data' },
    },
    spec: {
      backupStorageLocation: 'default',
      node: 'node-1',
      pod: { kind: 'Pod', name: 'web', namespace: 'shop', uid: '1-2-3' },
      repoIdentifier: '',
      uploaderType: 'kopia',
      volume: 'data',
      tags: { backup: backupName, ns: 'shop', pod: 'web', volume: 'data' },
    },
    status: { phase: 'Completed', snapshotID: '0a1b2c', path: '/host', progress: { totalBytes: 7, bytesDone: 7 } },
  })
}
