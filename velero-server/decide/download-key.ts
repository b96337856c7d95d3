import {
  backupContentsKey,
  backupCsiVolumeSnapshotsKey,
  backupFolder,
  backupItemOperationsKey,
  backupLogKey,
  backupResourceListKey,
  backupResultsKey,
  backupVolumeInfoKey,
  backupVolumeSnapshotsKey,
  restoreItemOperationsKey,
  restoreLogKey,
  restoreResourceListKey,
  restoreResultsKey,
  restoreVolumeInfoKey,
} from '../../velero/object-keys.ts'
import type { DownloadTarget } from '../../velero/download-request.ts'

const restoreKeys: Readonly<Record<string, (restore: string) => string>> = {
  RestoreLog: restoreLogKey,
  RestoreResults: restoreResultsKey,
  RestoreResourceList: restoreResourceListKey,
  RestoreItemOperations: restoreItemOperationsKey,
  RestoreVolumeInfo: restoreVolumeInfoKey,
}

const backupKeys: Readonly<Record<string, (backup: string) => string>> = {
  BackupLog: backupLogKey,
  BackupContents: backupContentsKey,
  BackupVolumeSnapshots: backupVolumeSnapshotsKey,
  BackupItemOperations: backupItemOperationsKey,
  BackupResourceList: backupResourceListKey,
  BackupResults: backupResultsKey,
  BackupVolumeInfos: backupVolumeInfoKey,
  CSIBackupVolumeSnapshots: backupCsiVolumeSnapshotsKey,
  CSIBackupVolumeSnapshotContents: (backup) => `${backupFolder(backup)}${backup}-csi-volumesnapshotcontents.json.gz`,
}

/** The object that a DownloadRequest asks for; undefined for a kind that Velero does not know. */
export function downloadKey({ kind, name }: DownloadTarget): string | undefined {
  return (own(restoreKeys, kind) ?? own(backupKeys, kind))?.(name)
}

/** Whether the target's name is a restore's, whose backup has to be looked up. */
export function isRestoreTarget({ kind }: DownloadTarget): boolean {
  return own(restoreKeys, kind) !== undefined
}

/** A kind is text of a user: `constructor` must not find what every object has. */
function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
