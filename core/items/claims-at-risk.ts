import type { Manifest } from '../../velero/manifest.ts'
import { textAt } from '../values/fields.ts'
import { firstNames } from '../values/first-names.ts'

/** What stands around an object that is to be deleted, by metadata alone. */
export interface Neighbours {
  /** Claims that have an owner. */
  claims: readonly Manifest[]
  statefulSets: readonly Manifest[]
}

/**
 * Why claims would be deleted together with an object, and their data with them; undefined where none would. The garbage collector
 * takes claims that the object owns, such as those of a database operator, and claims of a StatefulSet that it owns. A StatefulSet
 * with `whenDeleted: Delete` counts by its spec, since its claims may get their owner only later.
 */
export function whyClaimsWouldGo(live: Manifest, { claims, statefulSets }: Neighbours): string | undefined {
  if (textAt(live, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Delete')
    return 'its claims would go with it, and their data (persistentVolumeClaimRetentionPolicy.whenDeleted is Delete)'
  const { uid } = live.metadata
  if (uid === undefined) return undefined
  const sets = statefulSets.filter((set) => isOwnedBy(set, [uid])).flatMap(({ metadata }) => metadata.uid ?? [])
  const owned = claims.filter((claim) => isOwnedBy(claim, [uid, ...sets])).map(({ metadata }) => metadata.name)
  if (owned.length === 0) return undefined
  return `it owns the claims ${firstNames(owned.sort())}, which would go with it, and their data`
}

function isOwnedBy({ metadata }: Manifest, uids: readonly string[]): boolean {
  return (metadata.ownerReferences ?? []).some((owner) => uids.includes(owner.uid))
}
