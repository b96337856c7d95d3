import type { ActionFacts } from '../actions/action.ts'
import type { ItemAddress } from '../../velero/resource.ts'

/**
 * Facts are gathered before the first write, but some are asked for after this restore itself has changed them: Velero
 * looks at ServiceAccounts when it comes to Secrets, and at StorageClasses when it comes to claims. Both are restored
 * earlier, so what the plan brings counts as there.
 */
export function foresee(
  facts: ActionFacts,
  items: readonly ItemAddress[],
  namespaceMapping: Readonly<Record<string, string>> = {},
): ActionFacts {
  const serviceAccounts: Record<string, string[]> = { ...facts.serviceAccounts }
  const storageClasses = new Set(facts.storageClasses)
  for (const { groupResource, namespace, name } of items) {
    if (groupResource === 'storageclasses.storage.k8s.io') storageClasses.add(name)
    if (groupResource !== 'serviceaccounts' || namespace === undefined) continue
    const target = namespaceMapping[namespace] ?? namespace
    serviceAccounts[target] = [...new Set([...(serviceAccounts[target] ?? []), name])].sort()
  }
  return { ...facts, serviceAccounts, storageClasses: [...storageClasses].sort() }
}
