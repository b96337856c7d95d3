import { backupNameLabel, restoreNameLabel, restoreStatusAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { validLabelValue } from '../values/derived-names.ts'

/**
 * The metadata without what is valid only in the cluster of the backup. It runs for each item, and a pattern takes a third
 * of the time of a filter. Source: pkg/restore/restore.go resetMetadata.
 */
function withoutClusterOwned(metadata: Manifest['metadata']): Manifest['metadata'] {
  const {
    generateName: _generateName,
    selfLink: _selfLink,
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _deletionGracePeriodSeconds,
    ownerReferences: _ownerReferences,
    ...kept
  } = metadata
  return kept
}

/**
 * The item without its status and without the metadata of its old cluster. Finalizers, labels, annotations and
 * managedFields stay, as in Velero. Undefined if the item has no metadata.
 */
export function resetMetadataAndStatus(item: Manifest): Manifest | undefined {
  if (typeof item.metadata !== 'object' || item.metadata === null) return undefined
  const { status: _status, ...rest } = item
  return { ...rest, metadata: withoutClusterOwned(item.metadata) }
}

/** The two labels that each restored object gets: the names of its backup and of its restore. */
export function restoreLabels(restore: { name: string; backupName: string }): Record<string, string> {
  return {
    [backupNameLabel]: validLabelValue(restore.backupName),
    [restoreNameLabel]: validLabelValue(restore.name),
  }
}

/**
 * The object with labels added to its own. If one of its own is not a string (a modifier with the value `true` makes
 * such a label), Velero cannot read any of them, and only the added ones are left.
 */
export function withLabels(object: Manifest, labels: Record<string, string>): Manifest {
  const readable = hasReadableLabels(object)
  return {
    ...object,
    metadata: { ...object.metadata, labels: { ...(readable ? object.metadata.labels : {}), ...labels } },
  }
}

/** Whether all labels of the object are texts. */
export function hasReadableLabels({ metadata }: Manifest): boolean {
  return Object.values((metadata.labels ?? {}) as Record<string, unknown>).every((value) => typeof value === 'string')
}

/** The resources whose status is restored; undefined if `spec.restoreStatus` is not set. */
export type StatusFilter = { shouldInclude(groupResource: GroupResource): boolean } | undefined

/**
 * Whether the status of a created object is restored. The annotation on the object wins over `spec.restoreStatus`.
 * Source: pkg/restore/restore.go determineRestoreStatus.
 */
export function restoresStatus(object: Manifest, groupResource: GroupResource, filter: StatusFilter): boolean {
  const own = object.metadata.annotations?.[restoreStatusAnnotation]?.trim().toLowerCase()
  if (own === 'true') return true
  if (own === 'false') return false
  return filter?.shouldInclude(groupResource) ?? false
}
