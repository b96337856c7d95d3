import type { ActingUser } from '../asked/acting-user.ts'
import type { RestorePolicy } from '../asked/restore-policy.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { RestoreSpec, VeleroApi } from '../../velero/restore.ts'

/**
 * The facts for the admission of a restore, read from the cluster. Which backup to read may depend on the backups of a
 * schedule, and which location on the backup: see `backupNameOf` and `locationNameOf`.
 */
export interface AdmissionFacts {
  restore: { namespace: string; name: string; annotations?: Readonly<Record<string, string>> | undefined }
  /**
   * The spec as the user wrote it. Velero's validation changes the spec, and cannot be repeated on the changed one
   * (rule 1).
   */
  spec: RestoreSpec
  /** The backups of the schedule in the spec, or the error of listing them; undefined without a schedule. */
  scheduleBackups?: readonly Backup[] | { error: string } | undefined
  /** The backup; undefined if it does not exist. */
  backup?: Backup | { error: string } | undefined
  /** The location of the backup; undefined if it does not exist. */
  location?: BackupStorageLocation | { error: string } | undefined
  /** The ConfigMap of `spec.resourceModifier`; undefined if it cannot be read, for any reason. */
  modifierConfigMap?: Manifest | undefined
  /** The ConfigMap of modifiers for restores that name none, and its name; absent where the worker has none set. */
  defaultModifiers?: { name: string; configMap?: Manifest | undefined } | undefined
  /** Which of Velero's APIs the cluster serves. */
  api?: VeleroApi | undefined
  /** The ConfigMap of `spec.resourcePolicy`; undefined if it does not exist. */
  policyConfigMap?: Manifest | { error: string } | undefined
  /** As whom the worker restores; absent for itself, or whom the Restore names. */
  actingUser?: ActingUser | undefined
  /** Who may restore what into which namespaces; absent where the worker has no policy. */
  policy?: RestorePolicy | undefined
  /** The default of the Velero server in Go's syntax, such as `4h0m0s`. */
  defaultItemOperationTimeout: string
}

/** The name of the backup to read; undefined if the spec names none, or the schedule has none that can be used. */
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

/** The name of the location of a backup. */
export function locationNameOf(backup: Backup): string {
  return backup.spec.storageLocation ?? ''
}

/**
 * The names of the ConfigMaps to read from the namespace of the restore. References to other kinds are ignored here.
 */
export function configMapNamesOf(spec: RestoreSpec): { modifiers?: string; policy?: string } {
  const { resourceModifier, resourcePolicy } = spec
  return {
    ...(resourceModifier?.kind.toLowerCase() === 'configmap' && { modifiers: resourceModifier.name }),
    ...(resourcePolicy?.kind.toLowerCase() === 'configmap' && { policy: resourcePolicy.name }),
  }
}

/**
 * The backup for a restore from a schedule: the `Completed` one that started last. One without a start time is the
 * oldest. Undefined if none is `Completed`.
 */
export function pickBackup(backups: readonly Backup[]): Backup | undefined {
  const completed = backups.filter(({ status }) => status?.phase === 'Completed')
  return completed.sort((a, b) => startOf(b) - startOf(a))[0]
}

function startOf(backup: Backup): number {
  const start = backup.status?.startTimestamp
  return typeof start === 'string' ? Date.parse(start) : Number.MIN_SAFE_INTEGER
}
