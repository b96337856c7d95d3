import type { DownloadRequest, DownloadTarget } from '../../velero/download-request.ts'
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

/** What to do about a DownloadRequest as it stands. */
export type DownloadDecision = 'answer' | 'leave' | 'delete'

/**
 * | expiration | decision |
 * | none       | answer: nobody has looked at it yet |
 * | passed     | delete, whether it was answered or not |
 * | to come    | leave: answered, or refused for good because what it names is not there |
 */
export function decideDownload(request: DownloadRequest, now: Date): DownloadDecision {
  const { expiration } = request.status ?? {}
  if (expiration === undefined || expiration === null) return 'answer'
  if (Number.isNaN(Date.parse(expiration))) return 'answer'
  return Date.parse(expiration) < now.getTime() ? 'delete' : 'leave'
}

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

/**
 * Why no file of a backup or restore can be there yet; undefined where one may be. Only phases before any work count.
 * Source: pkg/controller/download_request_controller.go after v1.18.
 */
export function hasNoFilesYet(what: 'backup' | 'restore', name: string, phase: string | undefined): string | undefined {
  if (phase === undefined || !beforeFiles[what].includes(phase)) return undefined
  return `${what} ${JSON.stringify(name)} is in phase "${phase}" and has not written any artifacts`
}

const beforeFiles: Readonly<Record<'backup' | 'restore', readonly string[]>> = {
  backup: ['New', 'Queued', 'ReadyToStart', 'FailedValidation'],
  restore: ['New', 'FailedValidation'],
}

/** A kind is text of a user: `constructor` must not find what every object has. */
function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
