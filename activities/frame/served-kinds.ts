import { isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import type { GroupResource, ResourceRef } from '../../velero/resource.ts'
import type { Cluster, DiscoveredResource, ListOptions } from '../ports.ts'

/** All objects of a resource; none where the cluster does not serve it. */
export async function listIfServed(cluster: Cluster, resource: ResourceRef, options: ListOptions): Promise<Manifest[]> {
  try {
    return await cluster.list(resource, options)
  } catch (thrown) {
    if (isNotFound(thrown)) return []
    throw thrown
  }
}

/**
 * Each kind once: at the preferred version of its group where that has it, else at the first one that does. A kind may be served only
 * at a version that is not the preferred one of its group.
 */
export function oneVersionEach(served: readonly DiscoveredResource[]): Map<GroupResource, DiscoveredResource> {
  const kinds = new Map<GroupResource, DiscoveredResource>()
  for (const kind of served) {
    const name = formatGroupResource(kind.resource, kind.group)
    if (kind.preferred || !kinds.has(name)) kinds.set(name, kind)
  }
  return kinds
}
