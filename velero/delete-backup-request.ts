import type { Metadata } from './manifest.ts'

/** Asks for a backup to be deleted; source: pkg/apis/velero/v1/delete_backup_request_types.go. */
export interface DeleteBackupRequest {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec: { backupName?: string }
  status?: { phase?: 'New' | 'InProgress' | 'Processed' | ''; errors?: string[] }
}
