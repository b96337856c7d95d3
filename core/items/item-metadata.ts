import { backupNameLabel, restoreNameLabel, restoreStatusAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { validLabelValue } from '../values/derived-names.ts'

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

/** The two labels by which users and Velero find what a restore made. */
export function restoreLabels(restore: { name: string; backupName: string }): Record<string, string> {
  return {
    [backupNameLabel]: validLabelValue(restore.backupName),
    [restoreNameLabel]: validLabelValue(restore.name),
  }
}

/**
 * The object with labels added to its own. Where one of its own is no text, as a modifier with the value `true` makes it, Velero
 * cannot read any of them and the added ones are all that is left; the API server would refuse the object with it.
 */
export function withLabels(object: Manifest, labels: Record<string, string>): Manifest {
  const own: Record<string, unknown> = object.metadata.labels ?? {}
  const readable = Object.values(own).every((value) => typeof value === 'string')
  return {
    ...object,
    metadata: { ...object.metadata, labels: { ...(readable ? object.metadata.labels : {}), ...labels } },
  }
}

/** Which resources get their status back; undefined where `spec.restoreStatus` is not set. */
export type StatusFilter = { shouldInclude(groupResource: GroupResource): boolean } | undefined

/**
 * Whether the status of an object that was just created is restored: as `spec.restoreStatus` says, unless the
 * annotation on the object itself says otherwise. Source: pkg/restore/restore.go determineRestoreStatus.
 */
export function restoresStatus(object: Manifest, groupResource: GroupResource, filter: StatusFilter): boolean {
  const own = object.metadata.annotations?.[restoreStatusAnnotation]?.trim().toLowerCase()
  if (own === 'true') return true
  if (own === 'false') return false
  return filter?.shouldInclude(groupResource) ?? false
}
