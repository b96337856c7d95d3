import { validLabelValue } from '../../core/values/derived-names.ts'
import { storageLocationLabel } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Backup } from '../../velero/backup.ts'
import type { Restore } from '../../velero/restore.ts'

/**
 * Backups of a location whose folder is gone from the bucket. One without the location's label was made by hand, one
 * that is not finished may not be there yet: both stay.
 */
export function orphanedBackups(backups: readonly Backup[], location: string, inBucket: ReadonlySet<string>): Backup[] {
  return backups.filter(
    ({ metadata, status }) =>
      metadata.labels?.[storageLocationLabel] === validLabelValue(location) &&
      (status?.phase === 'Completed' || status?.phase === 'PartiallyFailed') &&
      metadata.deletionTimestamp === undefined &&
      !inBucket.has(metadata.name),
  )
}

/** Restores that go with their Backup: those that are over. A running one ends by itself, and may yet be of use. */
export function restoresOf(backup: string, restores: readonly Restore[]): Restore[] {
  return restores.filter(
    ({ spec, status, metadata }) =>
      spec.backupName === backup && isTerminal(status?.phase) && metadata.deletionTimestamp === undefined,
  )
}
