import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { ActionFacts } from '../actions/action.ts'

/**
 * Facts are gathered before the first write, but some are asked for after this restore itself has changed them: Velero
 * looks at ServiceAccounts when it comes to Secrets, and at StorageClasses and VolumeSnapshotClasses when it comes to claims
 * and snapshots. What the order of the plan brings before those counts as there.
 */
export function foresee(
  facts: ActionFacts,
  items: readonly ItemAddress[],
  plan: { order: readonly GroupResource[]; namespaceMapping?: Readonly<Record<string, string>> | undefined },
): ActionFacts {
  const serviceAccounts: Record<string, string[]> = { ...facts.serviceAccounts }
  const storageClasses = new Set(facts.storageClasses)
  const accountsFirst = plan.order.indexOf('serviceaccounts') < plan.order.indexOf('secrets')
  for (const { groupResource, namespace, name } of items) {
    if (groupResource === 'storageclasses.storage.k8s.io') storageClasses.add(name)
    if (groupResource !== 'serviceaccounts' || namespace === undefined || !accountsFirst) continue
    const target = plan.namespaceMapping?.[namespace] ?? namespace
    serviceAccounts[target] = [...new Set([...(serviceAccounts[target] ?? []), name])].sort()
  }
  return { ...facts, serviceAccounts, storageClasses: [...storageClasses].sort() }
}

/** The resource whose manifests {@link foreseeSnapshotClasses} takes. */
export const snapshotClasses = 'volumesnapshotclasses.snapshot.storage.k8s.io'

/** The first class of a driver is taken, in the order of names; one that stands there already stays as it is. */
export function foreseeSnapshotClasses(facts: ActionFacts, brought: readonly Manifest[]): ActionFacts {
  const byName = new Map([...brought, ...facts.volumeSnapshotClasses].map((one) => [one.metadata.name, one]))
  const volumeSnapshotClasses = [...byName.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  return { ...facts, volumeSnapshotClasses }
}
