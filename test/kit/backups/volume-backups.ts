import type { Manifest } from '../../../velero/manifest.ts'
import type { MadeUpBackup } from './put-backup.ts'

const storage = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'sc' }
const container = { name: 'c', image: 'busybox' }

/** A namespace of a backup. */
export function aNamespace(name: string): readonly [string, Manifest] {
  return ['namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }]
}

/** A backup of claims whose data a data mover uploaded: `data-1` to `data-<count>` in one namespace. */
export function movedClaims(name: string, namespace: string, count: number): MadeUpBackup {
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  const claims = numbers.map((n) => aClaim(namespace, `data-${n}`, { 'velero.io/data-upload-name': `du-${n}` }))
  const uploads = numbers.map((n) => anUpload(namespace, `du-${n}`, `data-${n}`))
  return {
    name,
    spec: { snapshotMoveData: true },
    items: [
      aNamespace(namespace),
      ...uploads.map((upload) => ['datauploads.velero.io', upload] as const),
      ...claims.map((claim) => ['persistentvolumeclaims', claim] as const),
    ],
  }
}

function aClaim(namespace: string, name: string, annotations: Record<string, string> = {}): Manifest {
  const uid = `aaaaaaaa-1111-2222-3333-${name.padStart(12, '0').slice(-12)}`
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace, uid, annotations },
    spec: storage,
  }
}

function anUpload(sourceNamespace: string, name: string, sourcePVC: string): Manifest {
  return {
    apiVersion: 'velero.io/v2alpha1',
    kind: 'DataUpload',
    metadata: { name, namespace: 'velero' },
    spec: {
      snapshotType: 'CSI',
      backupStorageLocation: 'default',
      sourceNamespace,
      sourcePVC,
      operationTimeout: '10m0s',
    },
    status: { phase: 'Completed', snapshotID: `snap-${name}`, progress: { totalBytes: 7, bytesDone: 7 } },
  }
}

/** A pod of a backup with file system backups: by volume, the claim behind it. */
export interface BackedUpPod {
  name: string
  volumes: Record<string, string>
}

/** A backup of pods whose volumes were backed up file by file. */
export function podsWithVolumes(name: string, namespace: string, pods: readonly BackedUpPod[]): MadeUpBackup {
  const claims = pods.flatMap((pod) => Object.values(pod.volumes).map((claim) => aClaim(namespace, claim)))
  return {
    name,
    items: [
      aNamespace(namespace),
      ...claims.map((claim) => ['persistentvolumeclaims', claim] as const),
      ['serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } }],
      ...pods.map((pod) => ['pods', aPod(namespace, pod)] as const),
    ],
    podVolumeBackups: pods.flatMap((pod) =>
      Object.keys(pod.volumes).map((volume) => aPodVolumeBackup(name, namespace, { pod: pod.name, volume })),
    ),
  }
}

function aPod(namespace: string, { name, volumes }: BackedUpPod): Manifest {
  const mounted = Object.entries(volumes)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      containers: [
        { ...container, volumeMounts: mounted.map(([volume]) => ({ name: volume, mountPath: `/${volume}` })) },
      ],
      volumes: mounted.map(([volume, claimName]) => ({ name: volume, persistentVolumeClaim: { claimName } })),
    },
  }
}

function aPodVolumeBackup(backup: string, namespace: string, of: { pod: string; volume: string }): Manifest {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: {
      name: `${backup}-${namespace}-${of.pod}-${of.volume}`,
      namespace: 'velero',
      labels: { 'velero.io/backup-name': backup },
    },
    spec: {
      node: 'n',
      pod: { kind: 'Pod', namespace, name: of.pod },
      volume: of.volume,
      backupStorageLocation: 'default',
      repoIdentifier: 'r',
      uploaderType: 'kopia',
    },
    status: {
      phase: 'Completed',
      snapshotID: `snap-${of.pod}-${of.volume}`,
      progress: { totalBytes: 1000000, bytesDone: 1000000 },
    },
  }
}
