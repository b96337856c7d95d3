import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { ActionFacts } from '../actions/action.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'

/**
 * Adds to the facts what this restore itself will create. The facts are read before the first write. But Velero reads
 * ServiceAccounts when it restores Secrets, and StorageClasses when it restores claims, so those of the backup that are
 * restored earlier count too.
 */
export function withPlannedItems(
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
    const target = targetNamespace(plan.namespaceMapping, namespace)
    serviceAccounts[target] = [...new Set([...(serviceAccounts[target] ?? []), name])].sort()
  }
  return { ...facts, serviceAccounts, storageClasses: [...storageClasses].sort() }
}

/** The resource of the manifests for {@link withPlannedSnapshotClasses}. */
export const snapshotClasses = 'volumesnapshotclasses.snapshot.storage.k8s.io'

/**
 * Adds the VolumeSnapshotClasses of the backup, sorted by name: actions use the first one of a driver. An existing one
 * wins.
 */
export function withPlannedSnapshotClasses(facts: ActionFacts, planned: readonly Manifest[]): ActionFacts {
  const byName = new Map([...planned, ...facts.volumeSnapshotClasses].map((one) => [one.metadata.name, one]))
  const volumeSnapshotClasses = [...byName.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  return { ...facts, volumeSnapshotClasses }
}
