import type { Metadata } from './manifest.ts'

/** Asks for an address from which a file of a backup or restore can be read; source: pkg/apis/velero/v1/download_request_types.go. */
export interface DownloadRequest {
  apiVersion: string
  kind: string
  metadata: Metadata
  spec: { target: DownloadTarget }
  status?: { phase?: 'New' | 'Processed' | ''; downloadURL?: string; expiration?: string | null }
}

/** Which file of which backup or restore. */
export interface DownloadTarget {
  kind: string
  /** The backup's name, or the restore's for kinds that begin with `Restore`. */
  name: string
}

/** How long an address is good for. */
export const downloadSeconds = 600
