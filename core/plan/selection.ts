import { mustHaveResources } from '../../velero/defaults.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import { makeIncludesExcludes, makeResourceIncludesExcludes } from './includes-excludes.ts'
import type { ResolveResource } from './includes-excludes.ts'
import { compileLabelSelector } from './label-selector.ts'
import type { CompiledLabelSelector, Labels } from './label-selector.ts'

/** Which items of an archive a spec selects. */
export interface Selection {
  /** By resource, namespace and scope alone. */
  includes(item: ItemAddress): boolean
  /** Whether the labels of such items decide too, so that their manifests must be read. */
  asksLabels(groupResource: GroupResource): boolean
  acceptsLabels(groupResource: GroupResource, labels: Labels): boolean
  /** Whether an item that another one wants is restored: excludes hold for it unless it must be included, selectors do not. */
  includesAdditional(item: ItemAddress, mustInclude: boolean): boolean
}

/**
 * Makes the selection of a spec, or says why it cannot be made; Velero restores nothing then, with that one error.
 *
 * | includeClusterResources | cluster-scoped items | cluster-scoped additional items |
 * | false                   | no                   | no |
 * | unset, all namespaces   | yes                  | yes |
 * | unset, some namespaces  | no                   | yes |
 * | true                    | yes                  | yes |
 */
export function makeSelection(spec: RestoreSpec, resolve: ResolveResource): Selection | { error: string } {
  const selectors = compileSelectors(spec)
  if ('error' in selectors) return selectors
  const resources = makeResourceIncludesExcludes(
    { includes: spec.includedResources, excludes: spec.excludedResources },
    resolve,
  )
  const namespaces = makeIncludesExcludes({ includes: spec.includedNamespaces, excludes: spec.excludedNamespaces })
  const mustHave = new Set(mustHaveResources)
  const clusterScoped = spec.includeClusterResources ?? namespaces.includeEverything()
  const resourceAllowed = (item: ItemAddress) =>
    resources.shouldInclude(item.groupResource) || mustHave.has(item.groupResource)
  const namespaceAllowed = (item: ItemAddress) =>
    item.namespace !== undefined && (namespaces.shouldInclude(item.namespace) || mustHave.has(item.groupResource))
  return {
    includes: (item) =>
      resourceAllowed(item) && (item.namespace === undefined ? clusterScoped : namespaceAllowed(item)),
    asksLabels: (groupResource) => selectors.restrict && !mustHave.has(groupResource),
    acceptsLabels: (groupResource, labels) => mustHave.has(groupResource) || selectors.match(labels),
    includesAdditional: (item, mustInclude) =>
      mustInclude ||
      (resourceAllowed(item) &&
        (item.namespace === undefined ? spec.includeClusterResources !== false : namespaceAllowed(item))),
  }
}

function compileSelectors(
  spec: RestoreSpec,
): { restrict: boolean; match: (labels: Labels) => boolean } | { error: string } {
  const all = spec.labelSelector ? compileLabelSelector(spec.labelSelector) : undefined
  if (all !== undefined && 'error' in all) return all
  const any: Extract<CompiledLabelSelector, { matches: unknown }>[] = []
  for (const selector of spec.orLabelSelectors ?? []) {
    const compiled = compileLabelSelector(selector)
    if ('error' in compiled) return compiled
    any.push(compiled)
  }
  return {
    restrict: all !== undefined || any.length > 0,
    match: (labels) =>
      (all?.matches(labels) ?? true) && (any.length === 0 || any.some((selector) => selector.matches(labels))),
  }
}
