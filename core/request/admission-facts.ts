import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { RestoreSpec } from '../../velero/restore.ts'

/**
 * What the rules of admission look at, read from the cluster beforehand. Which backup to look up may depend on the
 * schedule's backups, and which location on the backup: `backupNameOf` and `locationNameOf` say so.
 */
export interface AdmissionFacts {
  restore: { namespace: string; name: string }
  /** The spec as the user wrote it. Velero's validation cannot be repeated on what it made of it (rule 1). */
  spec: RestoreSpec
  /** The backups labelled with the schedule's name, or why they could not be listed; only where the spec names a schedule. */
  scheduleBackups?: readonly Backup[] | { error: string } | undefined
  /** The backup; undefined where it is not there. */
  backup?: Backup | { error: string } | undefined
  /** The backup's location; undefined where it is not there. */
  location?: BackupStorageLocation | { error: string } | undefined
  /** The ConfigMap of `spec.resourceModifier`; undefined where it cannot be had, for whatever reason. */
  modifierConfigMap?: Manifest | undefined
  /** The ConfigMap of `spec.resourcePolicy`; undefined where it is not there. */
  policyConfigMap?: Manifest | { error: string } | undefined
  /** The server's default in Go's syntax, such as `4h0m0s`. */
  defaultItemOperationTimeout: string
}

/** The backup to look up for these facts; undefined where no rule gets as far as asking for it. */
export function backupNameOf(
  spec: RestoreSpec,
  scheduleBackups: AdmissionFacts['scheduleBackups'],
): string | undefined {
  const { backupName = '', scheduleName = '' } = spec
  if ((backupName === '') === (scheduleName === '')) return undefined
  if (backupName !== '') return backupName
  if (!scheduleBackups || 'error' in scheduleBackups) return undefined
  return pickBackup(scheduleBackups)?.metadata.name
}

/** The location to look up for a backup. */
export function locationNameOf(backup: Backup): string {
  return backup.spec.storageLocation ?? ''
}

/** The ConfigMaps to read from the restore's namespace; a reference of another kind is no ConfigMap. */
export function configMapNamesOf(spec: RestoreSpec): { modifiers?: string; policy?: string } {
  const { resourceModifier, resourcePolicy } = spec
  return {
    ...(resourceModifier?.kind.toLowerCase() === 'configmap' && { modifiers: resourceModifier.name }),
    ...(resourcePolicy?.kind.toLowerCase() === 'configmap' && { policy: resourcePolicy.name }),
  }
}

/**
 * The backup that a restore from a schedule uses: of those that are `Completed`, the one that started last. One
 * without a start counts as the oldest.
 */
export function pickBackup(backups: readonly Backup[]): Backup | undefined {
  const completed = backups.filter(({ status }) => status?.phase === 'Completed')
  return completed.sort((a, b) => startOf(b) - startOf(a))[0]
}

function startOf(backup: Backup): number {
  const start = backup.status?.startTimestamp
  return typeof start === 'string' ? Date.parse(start) : Number.MIN_SAFE_INTEGER
}
