import type { Manifest } from '../../velero/manifest.ts'

const backupUidLabel = 'velero.io/backup-uid'

/** The Backup that was just created from the bucket. */
export interface SyncedOwner {
  namespace: string
  name: string
  uid: string
  location: string
}

/** A PodVolumeBackup of a backup's file for this cluster: its owner is the Backup that was just created. */
export function syncedPodVolume(stored: Manifest, owner: SyncedOwner): Manifest {
  const { name, labels, annotations, ownerReferences = [] } = stored.metadata
  const spec = stored['spec'] as Record<string, unknown> | undefined
  const owners = ownerReferences.map((reference) =>
    reference.apiVersion === 'velero.io/v1' && reference.kind === 'Backup' && reference.name === owner.name
      ? { ...reference, uid: owner.uid }
      : reference,
  )
  return {
    ...stored,
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: {
      name,
      namespace: owner.namespace,
      ...(labels === undefined
        ? {}
        : { labels: labels[backupUidLabel] === undefined ? labels : { ...labels, [backupUidLabel]: owner.uid } }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(owners.length === 0 ? {} : { ownerReferences: owners }),
    },
    spec: { ...spec, backupStorageLocation: owner.location },
  }
}
