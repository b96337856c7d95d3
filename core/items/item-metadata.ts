import type { Manifest } from '../../velero/manifest.ts'

/** What belongs to the cluster of the backup and not to the object. Source: pkg/restore/restore.go resetMetadata. */
const clusterOwned: ReadonlySet<string> = new Set([
  'generateName',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
])

/**
 * The item without what only its old cluster knew, and without its status. Finalizers, labels, annotations and
 * managedFields stay, as in Velero. Undefined where the item has no metadata.
 */
export function resetMetadataAndStatus(item: Manifest): Manifest | undefined {
  if (typeof item.metadata !== 'object' || item.metadata === null) return undefined
  const metadata = Object.fromEntries(Object.entries(item.metadata).filter(([key]) => !clusterOwned.has(key)))
  const { status: _status, ...rest } = item
  return { ...rest, metadata: metadata as Manifest['metadata'] } as Manifest
}
