/** The keys in a backup location, without the location's prefix. Source: pkg/persistence/object_store_layout.go. */

/** The folders that a location may have at its top. Velero sets a location with any other one to Unavailable. */
export const topLevelFolders: readonly string[] = ['backups', 'restores', 'restic', 'metadata', 'plugins', 'kopia']

/** The folder of a backup. */
export const backupFolder = (backup: string): string => `backups/${backup}/`
/** The Backup resource as JSON. */
export const backupMetadataKey = (backup: string): string => `backups/${backup}/velero-backup.json`
/** The tarball with the items. */
export const backupContentsKey = (backup: string): string => `backups/${backup}/${backup}.tar.gz`
/** The list of `BackupVolumeInfo`. */
export const backupVolumeInfoKey = (backup: string): string => `backups/${backup}/${backup}-volumeinfo.json.gz`
/** The list of `NativeSnapshot`. */
export const backupVolumeSnapshotsKey = (backup: string): string =>
  `backups/${backup}/${backup}-volumesnapshots.json.gz`
/** The list of VolumeSnapshots. */
export const backupCsiVolumeSnapshotsKey = (backup: string): string =>
  `backups/${backup}/${backup}-csi-volumesnapshots.json.gz`
/** The list of PodVolumeBackups. */
export const backupPodVolumeBackupsKey = (backup: string): string =>
  `backups/${backup}/${backup}-podvolumebackups.json.gz`
/** The log of the backup. */
export const backupLogKey = (backup: string): string => `backups/${backup}/${backup}-logs.gz`
/** Warnings and errors of the backup. */
export const backupResultsKey = (backup: string): string => `backups/${backup}/${backup}-results.gz`
/** The asynchronous operations of the backup. */
export const backupItemOperationsKey = (backup: string): string => `backups/${backup}/${backup}-itemoperations.json.gz`
/** The names of the items by kind. */
export const backupResourceListKey = (backup: string): string => `backups/${backup}/${backup}-resource-list.json.gz`

/** The folder of a restore. */
export const restoreFolder = (restore: string): string => `restores/${restore}/`
/** The log of the restore. */
export const restoreLogKey = (restore: string): string => `restores/${restore}/restore-${restore}-logs.gz`
/** The warnings and errors of the restore: `Results`. */
export const restoreResultsKey = (restore: string): string => `restores/${restore}/restore-${restore}-results.gz`
/** What a plan says about each item: `PlanFile`; beside Velero's files, and removed with them. */
export const restorePlanKey = (restore: string): string => `restores/${restore}/restore-${restore}-plan.json.gz`
/** The same as a page of HTML. */
export const restorePlanPageKey = (restore: string): string => `restores/${restore}/restore-${restore}-plan.html`
/** What became of each item: `ResourceList`. */
export const restoreResourceListKey = (restore: string): string =>
  `restores/${restore}/restore-${restore}-resource-list.json.gz`
/** The report of the restore, an HTML page: Velero has none. */
export const restoreReportKey = (restore: string): string => `restores/${restore}/restore-${restore}-report.html`
/** What the undo of the restore has done about each object; Velero has none. */
export const restoreUndoKey = (restore: string): string => `restores/${restore}/restore-${restore}-undo.json.gz`
/** The report of the undo, an HTML page. */
export const restoreUndoReportKey = (restore: string): string => `restores/${restore}/restore-${restore}-undo.html`
/** The list of `RestoreOperation`. */
export const restoreItemOperationsKey = (restore: string): string =>
  `restores/${restore}/restore-${restore}-itemoperations.json.gz`
/** The list of `RestoreVolumeInfo`. Its name has no prefix `restore-` in Velero. */
export const restoreVolumeInfoKey = (restore: string): string => `restores/${restore}/${restore}-volumeinfo.json.gz`

/**
 * The folder of a drill's records and reports. `metadata` is a folder that Velero knows and does not use: another one at the top
 * would make the location invalid, and the folder of a restore goes with the Restore.
 */
export const drillFolder = (drill: { cluster: string; namespace: string; name: string }): string =>
  `metadata/drydock/drills/${drill.cluster}/${drill.namespace}/${drill.name}/`
/** The record of a drill that began then, as `stampOf` writes it: `DrillRecord`. */
export const drillRecordKey = (folder: string, stamp: string): string => `${folder}${stamp}.json`
/** The report of its restore, an HTML page. */
export const drillReportKey = (folder: string, stamp: string): string => `${folder}${stamp}.html`

/**
 * The folder of the journal of a restore's run (rule 4); those of its retries lie in that of the first run. Velero deletes
 * all of it together with the restore.
 */
export const journalFolder = (restore: string, uid: string, run = 1): string =>
  `restores/${restore}/drydock/${uid}/${run === 1 ? '' : `runs/${run}/`}`

/** Whose journal an object belongs to, by its key under the location's prefix; undefined for objects of other kinds. */
export function journalOwnerOf(key: string): { restore: string; uid: string } | undefined {
  const [, restore, uid] = /^restores\/([^/]+)\/drydock\/([^/]+)\/./.exec(key) ?? []
  return restore === undefined || uid === undefined ? undefined : { restore, uid }
}
