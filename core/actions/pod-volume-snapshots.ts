import type { Manifest } from '../../velero/manifest.ts'
import { fieldsAt, objectsAt, textAt } from '../values/fields.ts'

/**
 * The volumes of a pod that were backed up file by file, with the ids of their snapshots. PodVolumeBackups name the pod by
 * its namespace in the backup; those without a snapshot have nothing to restore. Without any, the annotations count in
 * which Velero noted the ids before it had PodVolumeBackups.
 */
export function podVolumeSnapshots(
  pod: Manifest,
  sourceNamespace: string,
  backups: readonly Manifest[],
): Map<string, string> {
  const snapshots = new Map<string, string>()
  for (const backup of backups) {
    const of = fieldsAt(backup, 'spec', 'pod')
    if (textAt(of, 'name') !== pod.metadata.name || textAt(of, 'namespace') !== sourceNamespace) continue
    const volume = textAt(backup, 'spec', 'volume')
    const id = textAt(backup, 'status', 'snapshotID')
    if (id !== '' && !isMadeByKubelet(pod, volume)) snapshots.set(volume, id)
  }
  return snapshots.size > 0 ? snapshots : annotatedSnapshots(pod)
}

/** Kubelet writes projected and downward API volumes itself; old backups hold some by mistake. */
function isMadeByKubelet(pod: Manifest, name: string): boolean {
  const volume = objectsAt(pod, 'spec', 'volumes').find((one) => textAt(one, 'name') === name)
  return fieldsAt(volume, 'projected') !== undefined || fieldsAt(volume, 'downwardAPI') !== undefined
}

const annotationPrefix = 'snapshot.velero.io/'

function annotatedSnapshots(pod: Manifest): Map<string, string> {
  const annotations = Object.entries(pod.metadata.annotations ?? {})
  const ours = annotations.filter(([key]) => key.startsWith(annotationPrefix))
  return new Map(ours.map(([key, id]) => [key.slice(annotationPrefix.length), id]))
}
