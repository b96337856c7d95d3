import type { Manifest } from '../../velero/manifest.ts'
import { objectsAt, textAt, valueAt } from '../values/fields.ts'
import { podVolumeSnapshots } from '../actions/pod-volume-snapshots.ts'

/** One volume of a pod that a node agent is to fill from a file system backup. */
export interface PodVolume {
  volume: string
  snapshotID: string
  snapshotSize: number
  /** `kopia` or `restic`. */
  uploaderType: string
  /** The claim behind the volume, where there is one. */
  claim?: string
}

/** The volumes of a restored pod that have a file system backup, sorted by name. `sourceNamespace` is the backup's. */
export function podVolumes(pod: Manifest, sourceNamespace: string, backups: readonly Manifest[]): PodVolume[] {
  return [...podVolumeSnapshots(pod, sourceNamespace, backups)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([volume, snapshotID]) => {
      const backup = backups.find(
        (one) =>
          textAt(one, 'spec', 'pod', 'name') === pod.metadata.name &&
          textAt(one, 'spec', 'pod', 'namespace') === sourceNamespace &&
          textAt(one, 'spec', 'volume') === volume &&
          textAt(one, 'status', 'snapshotID') === snapshotID,
      )
      const size = valueAt(backup, 'status', 'progress', 'totalBytes')
      const claim = claimOf(pod, volume)
      return {
        volume,
        snapshotID,
        snapshotSize: typeof size === 'number' ? size : 0,
        // Backups of long ago do not say; they are restic's.
        uploaderType: textAt(backup, 'spec', 'uploaderType') || 'restic',
        ...(claim === '' ? {} : { claim }),
      }
    })
}

function claimOf(pod: Manifest, name: string): string {
  const volume = objectsAt(pod, 'spec', 'volumes').find((one) => textAt(one, 'name') === name)
  return textAt(volume, 'persistentVolumeClaim', 'claimName')
}
