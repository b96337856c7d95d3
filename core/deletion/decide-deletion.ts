import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { DeleteBackupRequest } from '../../velero/delete-backup-request.ts'
import { backupNameLabel, backupUidLabel } from '../../velero/labels.ts'
import { validLabelValue } from '../values/derived-names.ts'
import { refusalText } from './refusal-text.ts'

/** What is known when a DeleteBackupRequest is looked at. */
export interface DeletionFacts {
  request: DeleteBackupRequest
  /** Undefined where there is no such Backup. */
  backup: Backup | undefined
  /** Undefined where there is no such location, and where there is no Backup. */
  location: BackupStorageLocation | undefined
}

/** What becomes of a request: nothing, an error at once, or a deletion. `error` is what its status gets. */
export type DeletionVerdict =
  | { do: 'leave'; because: string }
  | { do: 'refuse'; error: string }
  | { do: 'delete'; backup: Backup; location: BackupStorageLocation }

/** Phases in which Velero's backup tracker holds a backup, or its operations run. */
const running: readonly string[] = [
  'ReadyToStart',
  'InProgress',
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Finalizing',
  'FinalizingPartiallyFailed',
]

/**
 * Decides about a request in the order of Velero v1.18.3, with its words. A request that is `InProgress` is carried on: Velero
 * leaves one whose server has died. One for another Backup of the same name is refused; Velero does not look at its uid.
 * Source: pkg/controller/backup_deletion_controller.go Reconcile.
 */
export function decideDeletion({ request, backup, location }: DeletionFacts): DeletionVerdict {
  if (request.metadata.deletionTimestamp !== undefined) return { do: 'leave', because: 'the request is being deleted' }
  if (request.status?.phase === 'Processed')
    return { do: 'leave', because: request.status.errors?.join('; ') ?? 'the request is processed' }
  if (!request.spec.backupName) return refuse('spec.backupName is required')
  if (backup === undefined) return refuse('backup not found')
  if (namesAnother({ request, backup }))
    return refuse(
      `the request is for an earlier backup of that name (uid ${request.metadata.labels?.[backupUidLabel]}); make another request to delete this one`,
    )
  if (running.includes(backup.status?.phase ?? '')) return refuse('backup is still in progress')
  const name = backup.spec.storageLocation ?? ''
  if (location === undefined) return refuse(`backup storage location ${name} not found`)
  const place = `cannot delete backup because backup storage location ${name} is currently in`
  if (location.spec.accessMode === 'ReadOnly') return refuse(`${place} read-only mode`)
  if (location.status?.phase !== 'Available') return refuse(`${place} Unavailable state`)
  return { do: 'delete', backup, location }
}

/** Whether a request says by its label that it is for another Backup than the one that has the name now. */
export function namesAnother({ request, backup }: Pick<DeletionFacts, 'request' | 'backup'>): boolean {
  const uid = request.metadata.labels?.[backupUidLabel] ?? ''
  return uid !== '' && backup !== undefined && uid !== backup.metadata.uid
}

function refuse(why: string): DeletionVerdict {
  return { do: 'refuse', error: refusalText(why) }
}

/** The labels that tell of which Backup a request is; those that it has stay. */
export function requestLabels({ metadata }: DeleteBackupRequest, backup: Backup): Record<string, string> {
  const { labels = {} } = metadata
  return {
    ...labels,
    [backupNameLabel]: labels[backupNameLabel] || validLabelValue(backup.metadata.name),
    [backupUidLabel]: labels[backupUidLabel] || (backup.metadata.uid ?? ''),
  }
}

const requestMaxAgeMs = 24 * 3600 * 1000

/** Whether a request was looked at and is a day old: Velero deletes it then. */
export function isOutdated({ metadata, status }: DeleteBackupRequest, now: Date): boolean {
  if (status?.phase !== 'Processed' && status?.phase !== 'InProgress') return false
  return now.getTime() - Date.parse(metadata.creationTimestamp ?? '') >= requestMaxAgeMs
}
