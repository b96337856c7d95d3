/** Every key in a backup location, under the location's prefix. Source: pkg/persistence/object_store_layout.go. */

/** The folders that may stand at the top of a location; any other makes it Unavailable. */
export const topLevelFolders: readonly string[] = ['backups', 'restores', 'restic', 'metadata', 'plugins', 'kopia']

export const backupFolder = (backup: string): string => `backups/${backup}/`
export const backupMetadataKey = (backup: string): string => `backups/${backup}/velero-backup.json`
export const backupContentsKey = (backup: string): string => `backups/${backup}/${backup}.tar.gz`
export const backupVolumeInfoKey = (backup: string): string => `backups/${backup}/${backup}-volumeinfo.json.gz`
export const backupVolumeSnapshotsKey = (backup: string): string =>
  `backups/${backup}/${backup}-volumesnapshots.json.gz`
export const backupCsiVolumeSnapshotsKey = (backup: string): string =>
  `backups/${backup}/${backup}-csi-volumesnapshots.json.gz`
export const backupPodVolumeBackupsKey = (backup: string): string =>
  `backups/${backup}/${backup}-podvolumebackups.json.gz`
export const backupLogKey = (backup: string): string => `backups/${backup}/${backup}-logs.gz`
export const backupResultsKey = (backup: string): string => `backups/${backup}/${backup}-results.gz`
export const backupItemOperationsKey = (backup: string): string => `backups/${backup}/${backup}-itemoperations.json.gz`
export const backupResourceListKey = (backup: string): string => `backups/${backup}/${backup}-resource-list.json.gz`

export const restoreFolder = (restore: string): string => `restores/${restore}/`
export const restoreLogKey = (restore: string): string => `restores/${restore}/restore-${restore}-logs.gz`
export const restoreResultsKey = (restore: string): string => `restores/${restore}/restore-${restore}-results.gz`
export const restoreResourceListKey = (restore: string): string =>
  `restores/${restore}/restore-${restore}-resource-list.json.gz`
export const restoreItemOperationsKey = (restore: string): string =>
  `restores/${restore}/restore-${restore}-itemoperations.json.gz`
/** Velero leaves the `restore-` prefix out of this one. */
export const restoreVolumeInfoKey = (restore: string): string => `restores/${restore}/${restore}-volumeinfo.json.gz`

/** Rule 4: where a restore's journal stands; Velero's own deletion of the restore removes it too. */
export const journalFolder = (restore: string, uid: string): string => `restores/${restore}/drydock/${uid}/`
