import { restoreStatusAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'

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
