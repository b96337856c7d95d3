import type { Metadata } from './manifest.ts'

/** The fields of a Backup that a restore reads. */
export interface Backup {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec: {
    storageLocation?: string
    snapshotMoveData?: boolean | null
    csiSnapshotTimeout?: string
    [field: string]: unknown
  }
  status?: { phase?: string; startTimestamp?: string; formatVersion?: string; [field: string]: unknown }
}

/** Where backups are kept; source: pkg/apis/velero/v1/backupstoragelocation_types.go. */
export interface BackupStorageLocation {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec: {
    provider: string
    default?: boolean
    accessMode?: 'ReadOnly' | 'ReadWrite'
    objectStorage?: {
      bucket: string
      prefix?: string
      /** Base64 of a PEM bundle; deprecated in favour of `caCertRef`. */
      caCert?: string
      caCertRef?: SecretKeySelector
    }
    config?: Record<string, string>
    credential?: SecretKeySelector
    backupSyncPeriod?: string | null
    validationFrequency?: string | null
  }
  status?: {
    phase?: 'Available' | 'Unavailable' | ''
    message?: string
    lastValidationTime?: string
    lastSyncedTime?: string
  }
}

/** Where native snapshots are kept; source: pkg/apis/velero/v1/volume_snapshot_location_type.go. */
export interface VolumeSnapshotLocation {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec: { provider: string; config?: Record<string, string>; credential?: SecretKeySelector }
}

/** A key of a Secret in Velero's namespace. */
export interface SecretKeySelector {
  name: string
  key: string
}
