import { podUidLabel, pvcUidLabel, restoreNameLabel, restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { RestoreView } from '../actions/action.ts'
import { companionName } from '../values/derived-names.ts'
import { moverConfig } from '../actions/data-mover.ts'
import { validLabelValue } from '../items/valid-label-value.ts'
import type { PodVolume } from './pod-volumes.ts'

/** A restored pod with volumes to fill. */
export interface PodWork {
  /** The pod in the backup. */
  item: ItemAddress
  /** The pod in the cluster. */
  pod: { namespace: string; name: string; uid: string }
  volumes: readonly PodVolume[]
  /** When the pod was restored; RFC 3339. Deadlines count from here. */
  at: string
}

/** Where the files come from, and the claim they go into. */
export interface OrderSource {
  location: string
  repoIdentifier: string
  claimUid?: string
}

/** The name of the PodVolumeRestore of one volume (rule 6). A pod that was made again needs its data again. */
export function podVolumeOrderName(work: PodWork, volume: string, restore: RestoreView): string {
  const item = formatResourceId('pods', work.item.namespace, work.item.name)
  const purpose = `pod-volume-restore ${work.pod.uid} ${volume}`
  return companionName(restore.name, { restoreUid: restore.uid, item, purpose })
}

/** The PodVolumeRestore that asks the node agent beside the pod for the files of one volume, as Velero makes it. */
export function podVolumeOrder(work: PodWork, volume: PodVolume, restore: RestoreView, source: OrderSource): Manifest {
  const { pod } = work
  const settings = moverConfig(restore.spec.uploaderConfig)
  const owner = { apiVersion: 'velero.io/v1', kind: 'Restore', name: restore.name, uid: restore.uid, controller: true }
  return {
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeRestore',
    metadata: {
      name: podVolumeOrderName(work, volume.volume, restore),
      namespace: restore.namespace,
      ownerReferences: [owner],
      labels: {
        [restoreNameLabel]: validLabelValue(restore.name),
        [restoreUidLabel]: restore.uid,
        [podUidLabel]: pod.uid,
        ...(source.claimUid === undefined ? {} : { [pvcUidLabel]: source.claimUid }),
      },
    },
    spec: {
      pod: { kind: 'Pod', namespace: pod.namespace, name: pod.name, uid: pod.uid },
      volume: volume.volume,
      backupStorageLocation: source.location,
      repoIdentifier: source.repoIdentifier,
      uploaderType: volume.uploaderType,
      snapshotID: volume.snapshotID,
      sourceNamespace: work.item.namespace ?? '',
      ...(settings === undefined ? {} : { uploaderSettings: settings }),
      ...(volume.snapshotSize === 0 ? {} : { snapshotSize: volume.snapshotSize }),
    },
  }
}
