import { asyncOperationIdLabel } from '../../velero/labels.ts'
import type { NativeVolume } from '../items/outcome.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { RestoreVolumeInfo } from '../../velero/volume-info.ts'
import { annotationOf, textAt, valueAt } from '../values/fields.ts'
import { quantityValue } from '../values/quantity.ts'

/** The objects in the cluster that tell about the volumes of a restore. */
export interface VolumeObjects {
  /** The claims that this restore created. */
  claims: readonly Manifest[]
  /** VolumeSnapshots by `<namespace>/<name>`. */
  snapshots: ReadonlyMap<string, Manifest>
  /** The PodVolumeRestores of this restore. */
  podVolumeRestores: readonly Manifest[]
  /** The DataDownloads of this restore. */
  downloads: readonly Manifest[]
  /** The names of claims by `<namespace>/<pod>/<volume>`. */
  claimOfVolume: ReadonlyMap<string, string>
  /** Volumes that were made from native snapshots. */
  natives: readonly NativeVolume[]
}

/**
 * The content of `<restore>-volumeinfo.json.gz`: how the data of each volume was restored. First pod volumes, then native
 * snapshots, then CSI snapshots, then moved data, each sorted, because Velero's order is random. As in Velero, the PV of a claim is named
 * only if bound.
 */
export function restoreVolumeInfos(objects: VolumeObjects): RestoreVolumeInfo[] {
  const volumes = boundVolumes(objects.claims)
  return [
    ...lastOf(sorted(objects.podVolumeRestores), podVolumeOf).flatMap((found) => ofPodVolume(found, objects, volumes)),
    ...objects.natives.toSorted((a, b) => (a.pv < b.pv ? -1 : 1)).map((native) => ofNative(native, objects)),
    ...sorted(objects.claims).flatMap((claim) => ofSnapshot(claim, objects, volumes)),
    ...lastOf(sorted(objects.downloads), movedClaimOf).map((download) => ofDownload(download, volumes)),
  ]
}

/** The bound volume of each claim, by `<namespace>/<name>`. */
function boundVolumes(claims: readonly Manifest[]): Map<string, string> {
  const bound = claims.filter((claim) => textAt(claim, 'status', 'phase') === 'Bound')
  const named = bound.map((claim) => [placeOf(claim), textAt(claim, 'spec', 'volumeName')] as const)
  return new Map(named.filter(([, volume]) => volume !== ''))
}

const podVolumeOf = (order: Manifest) =>
  [
    textAt(order, 'spec', 'pod', 'namespace'),
    textAt(order, 'spec', 'pod', 'name'),
    textAt(order, 'spec', 'volume'),
  ].join('/')
const movedClaimOf = (order: Manifest) =>
  [textAt(order, 'spec', 'targetVolume', 'namespace'), textAt(order, 'spec', 'targetVolume', 'pvc')].join('/')

/** Of the orders of several runs for one volume the last: those that ended with the run before are still there. */
function lastOf(orders: readonly Manifest[], volumeOf: (order: Manifest) => string): Manifest[] {
  const last = new Map<string, Manifest>()
  for (const order of orders) {
    const before = last.get(volumeOf(order))
    if (before === undefined || isLater(order, before)) last.set(volumeOf(order), order)
  }
  return orders.filter((order) => last.get(volumeOf(order)) === order)
}

function isLater(order: Manifest, before: Manifest): boolean {
  const [time, timeBefore] = [order.metadata.creationTimestamp ?? '', before.metadata.creationTimestamp ?? '']
  if (time !== timeBefore) return time > timeBefore
  return textAt(before, 'status', 'phase') === 'Canceled'
}

/** None for a volume without a claim, and for a PodVolumeRestore that has not ended. */
function ofPodVolume(restored: Manifest, { claimOfVolume }: VolumeObjects, volumes: Map<string, string>) {
  const podNamespace = textAt(restored, 'spec', 'pod', 'namespace')
  const podName = textAt(restored, 'spec', 'pod', 'name')
  const volumeName = textAt(restored, 'spec', 'volume')
  const claim = claimOfVolume.get(`${podNamespace}/${podName}/${volumeName}`)
  const isOver = ['Completed', 'Failed', 'Canceled'].includes(textAt(restored, 'status', 'phase'))
  if (claim === undefined || !isOver) return []
  const size = valueAt(restored, 'status', 'progress', 'totalBytes')
  const handle = textAt(restored, 'spec', 'snapshotID')
  const info: RestoreVolumeInfo = {
    pvcName: claim,
    pvcNamespace: podNamespace,
    ...pvName(volumes.get(`${podNamespace}/${claim}`)),
    restoreMethod: 'PodVolumeRestore',
    snapshotDataMoved: false,
    pvrInfo: {
      ...(handle === '' ? {} : { snapshotHandle: handle }),
      ...(typeof size === 'number' && size > 0 ? { size } : {}),
      uploaderType: textAt(restored, 'spec', 'uploaderType'),
      volumeName,
      podName,
      podNamespace,
      Phase: '',
    },
  }
  return [info]
}

/** The claim is named where it is bound. */
function ofNative({ pv, snapshotId, volumeType, zone, iops }: NativeVolume, { claims }: VolumeObjects) {
  const claim = claims.find(
    (one) => textAt(one, 'status', 'phase') === 'Bound' && textAt(one, 'spec', 'volumeName') === pv,
  )
  const info: RestoreVolumeInfo = {
    ...(claim === undefined ? {} : { pvcName: claim.metadata.name, pvcNamespace: claim.metadata.namespace ?? '' }),
    pvName: pv,
    restoreMethod: 'NativeSnapshot',
    snapshotDataMoved: false,
    nativeSnapshotInfo: { snapshotHandle: snapshotId, volumeType, volumeAZ: zone, iops: String(iops), Phase: '' },
  }
  return info
}

function ofSnapshot(claim: Manifest, { snapshots }: VolumeObjects, volumes: Map<string, string>): RestoreVolumeInfo[] {
  const { name, namespace = '' } = claim.metadata
  if (textAt(claim, 'spec', 'dataSource', 'kind') !== 'VolumeSnapshot') return []
  const snapshot = snapshots.get(`${namespace}/${textAt(claim, 'spec', 'dataSource', 'name')}`)
  if (snapshot === undefined) return []
  const size = valueAt(snapshot, 'status', 'restoreSize')
  const info: RestoreVolumeInfo = {
    pvcName: name,
    pvcNamespace: namespace,
    ...pvName(volumes.get(placeOf(claim))),
    restoreMethod: 'CSISnapshot',
    snapshotDataMoved: false,
    csiSnapshotInfo: {
      snapshotHandle: annotationOf(snapshot, 'velero.io/csi-volumesnapshot-handle') ?? '',
      size: quantityValue(size),
      driver: annotationOf(snapshot, 'velero.io/csi-driver-name') ?? '',
      vscName: textAt(snapshot, 'spec', 'source', 'volumeSnapshotContentName'),
      ReadyToUse: null,
    },
  }
  return [info]
}

function ofDownload(download: Manifest, volumes: Map<string, string>): RestoreVolumeInfo {
  const namespace = textAt(download, 'spec', 'targetVolume', 'namespace')
  const claim = textAt(download, 'spec', 'targetVolume', 'pvc')
  return {
    pvcName: claim,
    pvcNamespace: namespace,
    ...pvName(volumes.get(`${namespace}/${claim}`) ?? textAt(download, 'spec', 'targetVolume', 'pv')),
    restoreMethod: 'CSISnapshot',
    snapshotDataMoved: true,
    snapshotDataMovementInfo: {
      dataMover: textAt(download, 'spec', 'datamover') || 'velero',
      uploaderType: 'kopia',
      snapshotHandle: textAt(download, 'spec', 'snapshotID'),
      operationID: download.metadata.labels?.[asyncOperationIdLabel] ?? '',
      size: 0,
      Phase: '',
    },
  }
}

function pvName(volume: string | undefined): { pvName?: string } {
  return volume === undefined || volume === '' ? {} : { pvName: volume }
}

function placeOf({ metadata }: Manifest): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}

function sorted(objects: readonly Manifest[]): Manifest[] {
  return objects.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
}
