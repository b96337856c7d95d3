import type { Metadata } from './manifest.ts'

/**
 * Requests an address from which a file of a backup or restore can be downloaded; source:
 * pkg/apis/velero/v1/download_request_types.go.
 */
export interface DownloadRequest {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec: { target: DownloadTarget }
  /** After v1.18 there is phase `Failed`, with a message. */
  status?: {
    phase?: 'New' | 'Processed' | 'Failed' | ''
    downloadURL?: string
    expiration?: string | null
    message?: string
  }
}

/** Which file of which backup or restore. */
export interface DownloadTarget {
  kind: string
  /** The backup's name, or the restore's for kinds that begin with `Restore`. */
  name: string
}

/** How long such an address is valid, in seconds. */
export const downloadSeconds = 600
