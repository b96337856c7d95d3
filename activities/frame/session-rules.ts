import { applyModifiers } from '../../core/modifiers/apply-modifiers.ts'
import type { StatusFilter } from '../../core/items/item-metadata.ts'
import { makeResourceIncludesExcludes } from '../../core/filter/includes-excludes.ts'
import { resolveResource } from '../../core/filter/resolve-resource.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource, parseApiVersion } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { DiscoveredResource } from '../ports.ts'
import type { StoredAdmission } from './stored.ts'

/** What the spec and the cluster's kinds say for all items of a restore. */
export interface SessionRules {
  modify: (item: Manifest, groupResource: GroupResource) => { item: Manifest; errors: readonly string[] }
  pluralOf: (apiVersion: string, kind: string) => string | undefined
  statusFilter: StatusFilter
}

/** Puts the rules of a restore together, once per worker. */
export function makeSessionRules(admission: StoredAdmission, resources: readonly DiscoveredResource[]): SessionRules {
  const { modifiers, spec } = admission
  const resolve = (name: string) => resolveResource(name, resources)
  const status = spec.restoreStatus
  return {
    modify: (item, groupResource) =>
      modifiers === undefined ? { item, errors: [] } : applyModifiers({ item, groupResource, modifiers }),
    pluralOf: (apiVersion, kind) => {
      const { group, version } = parseApiVersion(apiVersion)
      return resources.find((one) => one.group === group && one.version === version && one.kind === kind)?.resource
    },
    statusFilter:
      status === undefined || status === null
        ? undefined
        : makeResourceIncludesExcludes(
            { includes: status.includedResources, excludes: status.excludedResources },
            resolve,
          ),
  }
}

/** The full name of a resource the cluster serves. */
export function nameOf(resource: Pick<DiscoveredResource, 'resource' | 'group'>): GroupResource {
  return formatGroupResource(resource.resource, resource.group)
}
