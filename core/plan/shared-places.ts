import type { ItemAddress } from '../../velero/resource.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'

/**
 * The place of an item in the cluster, if an item of another namespace of the backup may be mapped onto it too; else
 * undefined. Of the items at one place Velero restores the first and leaves out the others without a word. Source:
 * pkg/restore/restore.go restoreItem, `restoredItems`.
 */
export function makeSharedPlaces(
  mapping: Readonly<Record<string, string>> | undefined,
  namespaces: Iterable<string>,
): (item: ItemAddress) => string | undefined {
  const sources = Map.groupBy(new Set(namespaces), (source) => targetNamespace(mapping, source))
  return ({ groupResource, namespace, name }) => {
    if (namespace === undefined) return undefined
    const target = targetNamespace(mapping, namespace)
    return (sources.get(target)?.length ?? 0) > 1 ? `${groupResource}|${target}|${name}` : undefined
  }
}
