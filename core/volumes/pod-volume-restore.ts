import { podUidLabel, pvcUidLabel, restoreNameLabel, restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import type { RestoreView } from '../actions/action.ts'
import { moverConfig, restoreTypeOf } from '../actions/data-mover.ts'
import { podVolumeSnapshots } from '../actions/pod-volume-restore.ts'
import type { PodVolume } from '../items/outcome.ts'
import { companionName, inRun, validLabelValue } from '../values/derived-names.ts'
import { objectsAt, textAt, valueAt } from '../values/fields.ts'

/**
 * The volumes of a restored pod that have a file system backup, sorted by name. `sourceNamespace` is its namespace in
 * the backup.
 */
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
        // Old backups do not have the type; they were made by restic.
        uploaderType: textAt(backup, 'spec', 'uploaderType') || 'restic',
        ...(claim === '' ? {} : { claim }),
      }
    })
}

function claimOf(pod: Manifest, name: string): string {
  const volume = objectsAt(pod, 'spec', 'volumes').find((one) => textAt(one, 'name') === name)
  return textAt(volume, 'persistentVolumeClaim', 'claimName')
}

/** A restored pod with volumes that node agents must fill. */
export interface PodWithVolumes {
  /** The pod in the backup. */
  item: ItemAddress
  /** The pod in the cluster. */
  pod: { namespace: string; name: string; uid: string }
  volumes: readonly PodVolume[]
  /** When the pod was restored; RFC 3339. Deadlines count from here. */
  at: string
}

/** The source of the files, and the uid of the claim that gets them. */
export interface PodVolumeSource {
  location: string
  repoIdentifier: string
  claimUid?: string
}

/**
 * The name of the PodVolumeRestore of one volume (rule 6). It contains the pod's uid: a pod that was created again
 * needs its files again.
 */
export function podVolumeRestoreName(target: PodWithVolumes, volume: string, restore: RestoreView): string {
  const item = formatResourceId('pods', target.item.namespace, target.item.name)
  const purpose = inRun(`pod-volume-restore ${target.pod.uid} ${volume}`, restore.run)
  return companionName(restore.name, { restoreUid: restore.uid, item, purpose })
}

/**
 * The PodVolumeRestores by name, where a retry finds those of earlier runs under the names of its own: one that succeeded
 * or still goes on is not ordered anew.
 */
export function withEarlierOrders(
  orders: ReadonlyMap<string, Manifest>,
  targets: readonly PodWithVolumes[],
  { run = 1, ...first }: RestoreView,
): ReadonlyMap<string, Manifest> {
  if (run === 1) return orders
  const known = new Map(orders)
  for (const target of targets) {
    for (const { volume } of target.volumes) {
      const own = podVolumeRestoreName(target, volume, { ...first, run })
      for (let earlier = run - 1; earlier >= 1 && !known.has(own); earlier--) {
        const view = earlier === 1 ? first : { ...first, run: earlier }
        const order = orders.get(podVolumeRestoreName(target, volume, view))
        if (order !== undefined && isInForce(order)) known.set(own, order)
      }
    }
  }
  return known
}

function isInForce(order: Manifest): boolean {
  const phase = textAt(order, 'status', 'phase')
  return (
    phase === 'Completed' || (phase !== 'Failed' && phase !== 'Canceled' && valueAt(order, 'spec', 'cancel') !== true)
  )
}

/** The PodVolumeRestore by which the node agent on the pod's node fills one volume. */
export function makePodVolumeRestore(
  target: PodWithVolumes,
  volume: PodVolume,
  restore: RestoreView,
  source: PodVolumeSource,
): Manifest {
  const { pod } = target
  const settings = moverConfig(restore.spec.uploaderConfig)
  const owner = { apiVersion: 'velero.io/v1', kind: 'Restore', name: restore.name, uid: restore.uid, controller: true }
  return {
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeRestore',
    metadata: {
      name: podVolumeRestoreName(target, volume.volume, restore),
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
      sourceNamespace: target.item.namespace ?? '',
      ...(settings === undefined ? {} : { uploaderSettings: settings }),
      ...(volume.snapshotSize === 0 ? {} : { snapshotSize: volume.snapshotSize }),
      ...restoreTypeOf(restore),
    },
  }
}
