import { backupNameLabel, leaveVolumeDataAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { validLabelValue } from '../values/derived-names.ts'

/** The data of one volume in a backup repository. */
export interface VolumeData {
  /** The namespace of the volume, by which repositories are named. */
  namespace: string
  snapshotId: string
}

/** The data that a PodVolumeBackup has in a repository; undefined for none. Source: pkg/podvolume/util.go GetSnapshotIdentifier. */
export function podVolumeData({ spec, status }: Manifest): VolumeData | undefined {
  const snapshotId = (status as { snapshotID?: string } | undefined)?.snapshotID ?? ''
  const namespace = (spec as { pod?: { namespace?: string } } | undefined)?.pod?.namespace ?? ''
  return snapshotId === '' ? undefined : { namespace, snapshotId }
}

/**
 * The data that a DataUpload of a backup's tarball has in a repository; undefined for none, for that of another data mover, and
 * for one of another backup. Source: pkg/datamover/dataupload_delete_action.go.
 */
export function movedData({ metadata, spec, status }: Manifest, backup: string): VolumeData | undefined {
  if (metadata.labels?.[backupNameLabel] !== validLabelValue(backup)) return undefined
  const { dataMover = '', sourceNamespace = '' } = (spec ?? {}) as { dataMover?: string; sourceNamespace?: string }
  const snapshotId = (status as { snapshotID?: string } | undefined)?.snapshotID ?? ''
  return (dataMover === '' || dataMover === 'velero') && snapshotId !== ''
    ? { namespace: sourceNamespace, snapshotId }
    : undefined
}

/** What a user may do who wants a backup deleted and its data left. */
export const leaveDataAdvice = `to delete the backup and leave the data of its volumes, annotate the Backup with ${leaveVolumeDataAnnotation}=true`

/** Whether a Backup says that the data of its volumes is to be left. */
export function mayLeaveData(annotations: Record<string, string> = {}): boolean {
  return annotations[leaveVolumeDataAnnotation] === 'true'
}

/**
 * Why a backup cannot be deleted with the data of its volumes: only Velero can remove that from a repository. Undefined where
 * there is none. The same data may be found twice, in the cluster and in the bucket.
 */
export function whyDataStays(data: readonly VolumeData[]): string | undefined {
  if (data.length === 0) return undefined
  const volumes = new Set(data.map(({ namespace, snapshotId }) => `${namespace}/${snapshotId}`)).size
  const namespaces = [...new Set(data.map(({ namespace }) => namespace))].sort().join(', ')
  return `the data of ${volumes} volumes in backup repositories (namespaces: ${namespaces}) can be deleted by a Velero server only; ${leaveDataAdvice}`
}
