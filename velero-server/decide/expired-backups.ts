import { validLabelValue } from '../../core/values/derived-names.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { DeleteBackupRequest } from '../../velero/delete-backup-request.ts'
import { backupNameLabel, backupUidLabel } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'

/** On a Backup: why it has expired and is not deleted. Source: pkg/controller/gc_controller.go. */
export const gcFailureLabel = 'velero.io/gc-failure'

/** What to do about a Backup. `label` is the value of {@link gcFailureLabel}. */
export type ExpiryDecision = { do: 'leave' } | { do: 'label'; label: string } | { do: 'request' }

/** What is known of a Backup: its location, and all requests and Restores there are. */
export interface ExpiryFacts {
  location: BackupStorageLocation | undefined
  requests: readonly DeleteBackupRequest[]
  restores: readonly Restore[]
}

/**
 * Whether a Backup has expired and is to be deleted. One without an expiration never expires, and one for which a request is open
 * gets no other one. One that a Restore is not done with is left until it is, since its deletion cancels that; Velero does not look.
 * Source: pkg/controller/gc_controller.go Reconcile.
 */
export function decideExpiry(
  { metadata, status }: Backup,
  { location, requests, restores }: ExpiryFacts,
  now: Date,
): ExpiryDecision {
  const expiration = status?.['expiration']
  if (typeof expiration !== 'string' || !(Date.parse(expiration) <= now.getTime())) return { do: 'leave' }
  if (location === undefined) return { do: 'label', label: 'BSLNotFound' }
  if (location.status?.phase !== 'Available') return { do: 'leave' }
  if (location.spec.accessMode === 'ReadOnly') return { do: 'label', label: 'BSLReadOnly' }
  const open = requests.some(
    (request) =>
      request.metadata.labels?.[backupNameLabel] === validLabelValue(metadata.name) &&
      request.metadata.labels?.[backupUidLabel] === metadata.uid &&
      request.status?.phase !== 'Processed',
  )
  const isRestored = restores.some(
    ({ spec, status }) => spec.backupName === metadata.name && !isTerminal(status?.phase),
  )
  return { do: open || isRestored ? 'leave' : 'request' }
}

/** The request for an expired Backup. Source: pkg/backup/delete_helpers.go NewDeleteBackupRequest. */
export function requestFor({ metadata }: Backup): object {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'DeleteBackupRequest',
    metadata: {
      generateName: `${metadata.name}-`,
      namespace: metadata.namespace,
      labels: { [backupNameLabel]: validLabelValue(metadata.name), [backupUidLabel]: metadata.uid },
    },
    spec: { backupName: metadata.name },
  }
}
