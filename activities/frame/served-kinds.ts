import { formatGroupResource } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { DiscoveredResource } from '../ports.ts'

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
