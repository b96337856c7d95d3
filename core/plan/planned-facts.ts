import type { Manifest } from '../../velero/manifest.ts'
import { parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { ActionFacts } from '../actions/action.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'
import { fieldsAt, listAt, objectsAt, textAt, valueAt } from '../values/fields.ts'
import type { ServedResource } from '../filter/resolve-resource.ts'
import type { Plan } from './plan.ts'

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

const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch']

/**
 * The resources that the cluster will serve once these CustomResourceDefinitions are restored, whether these are of v1 or
 * v1beta1. The first served version counts as the preferred one.
 */
export function servedByDefinitions(definitions: readonly Manifest[]): ServedResource[] {
  return definitions.flatMap((definition) => {
    const names = fieldsAt(definition, 'spec', 'names')
    const resource = textAt(names, 'plural')
    const group = textAt(definition, 'spec', 'group')
    const [version] = servedVersions(definition)
    if (resource === '' || group === '' || version === undefined) return []
    const singular = textAt(names, 'singular') || textAt(names, 'kind').toLowerCase()
    const shortNames = listAt(names, 'shortNames').filter((name) => typeof name === 'string')
    return [{ group, version, resource, singular, shortNames, verbs, preferred: true }]
  })
}

/** The resources of a plan as a cluster would serve them: their full names alone, for words that the cluster does not know. */
export function servedAsPlanned(waves: Plan['waves']): ServedResource[] {
  return waves.map(({ groupResource }) => {
    const { resource, group } = parseGroupResource(groupResource)
    return { group, version: 'v1', resource, singular: '', shortNames: [], verbs, preferred: true }
  })
}

function servedVersions(definition: Manifest): string[] {
  const listed = objectsAt(definition, 'spec', 'versions')
  const served = listed.filter((one) => valueAt(one, 'served') === true).map((one) => textAt(one, 'name'))
  const alone = textAt(definition, 'spec', 'version')
  return [...served, ...(listed.length === 0 ? [alone] : [])].filter((name) => name !== '')
}
