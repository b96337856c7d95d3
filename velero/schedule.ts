import type { Metadata } from './manifest.ts'

/** The fields of a Schedule of Velero that a drill reads; source: pkg/apis/velero/v1/schedule_types.go. */
export interface VeleroSchedule {
  metadata: Metadata
  spec?: { template?: { storageLocation?: string } }
}
