import { isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import type { Cluster, ListOptions } from '../ports.ts'

/** All objects of a resource; none where the cluster does not serve it. */
export async function listIfServed(cluster: Cluster, resource: ResourceRef, options: ListOptions): Promise<Manifest[]> {
  try {
    return await cluster.list(resource, options)
  } catch (thrown) {
    if (isNotFound(thrown)) return []
    throw thrown
  }
}
