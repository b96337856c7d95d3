import { mustHaveResources } from '../../velero/defaults.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import { compilePolicies } from '../filter/filter-policy.ts'
import type { CompiledPolicies } from '../filter/filter-policy.ts'
import { makeIncludesExcludes, makeResourceIncludesExcludes } from '../filter/includes-excludes.ts'
import type { IncludesExcludes, ResolveResource } from '../filter/includes-excludes.ts'
import { makeLabelFilter } from '../filter/label-selector.ts'
import type { LabelFilter, Labels } from '../filter/label-selector.ts'
import { itemKey } from '../items/outcome.ts'
import type { AskedObject } from '../asked/annotations.ts'
import type { FilterPolicies } from '../filter/parse-filter-policy.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'

/** Why an item of the archive is not selected. */
export type LeaveReason =
  | 'resource-excluded'
  | 'namespace-excluded'
  | 'cluster-scoped-excluded'
  | 'kind-not-in-policy'
  | 'labels-do-not-match'
  | 'name-not-in-policy'
  | 'object-not-asked'

/** What is already known of an item. The rest is read only if `decide` asks for it. */
export interface KnownOfItem {
  /** The kind of the first item of the same resource and namespace; `null` if that item cannot be read. */
  firstKind?: string | null
  /** The labels of the item; `{}` if it has none. */
  labels?: Labels
}

/** The decision about an item, or what must be read first. */
export type SelectVerdict =
  { do: 'select' } | { do: 'leave'; because: LeaveReason } | { do: 'ask'; for: 'first-kind' | 'labels' }

/** Decides which items of the archive are restored. */
export interface ItemSelector {
  /** Decides about an item by all rules. */
  readonly decide: (item: ItemAddress, known?: KnownOfItem) => SelectVerdict
  /** Decides about an additional item. Only the rules 1 and 2 apply, and none if it must be included. */
  readonly decideAdditional: (item: ItemAddress, mustInclude: boolean) => SelectVerdict
}

/** What the selection is made from. `resolve` finds resources of the cluster. */
export interface SelectInput {
  spec: RestoreSpec
  policies?: FilterPolicies | undefined
  resolve: ResolveResource
  /** Only these objects, where people have asked for some. */
  objects?: readonly AskedObject[] | undefined
}

/**
 * Makes the selection of a restore, or returns the error in it; then Velero restores nothing and reports that one
 * error. An item must pass these rules, in this order:
 *
 * 1. its resource is included and not excluded
 * 2. its namespace in the backup is included and not excluded; a cluster-scoped item passes as in the table below
 * 3. its kind is in the filter policy, if one applies
 * 4. its name matches the filter of the policy
 * 5. its labels match the filter of the policy, or the selectors of the spec if no policy applies
 *
 * | includeClusterResources | cluster-scoped items | cluster-scoped additional items |
 * | false                   | no                   | no |
 * | unset, all namespaces   | yes                  | yes |
 * | unset, some namespaces  | no                   | yes |
 * | true                    | yes                  | yes |
 *
 * `mustHaveResources` pass all rules except that of the table.
 */
export function makeItemSelector({ spec, policies, resolve, objects }: SelectInput): ItemSelector | { error: string } {
  const selectors = makeLabelFilter(spec.labelSelector, spec.orLabelSelectors ?? [])
  if ('error' in selectors) return { error: selectors.error }
  const compiled = policies && compilePolicies(policies, resolve)
  if (compiled && 'error' in compiled) return compiled
  const { includedResources, excludedResources, includedNamespaces, excludedNamespaces } = spec
  const asked = objects && new Set(objects.map((object) => askedKey(object, resolve)))
  const scope: Scope = {
    resources: makeResourceIncludesExcludes({ includes: includedResources, excludes: excludedResources }, resolve),
    namespaces: makeIncludesExcludes({ includes: includedNamespaces, excludes: excludedNamespaces }),
    includeClusterResources: spec.includeClusterResources ?? undefined,
  }
  return {
    decide: (item, known = {}) => {
      const because = outOfScope(item, scope, clusterScopedSelected(scope))
      if (because) return { do: 'leave', because }
      if (!isMustHave(item.groupResource) && asked?.has(itemKey(item)) === false)
        return { do: 'leave', because: 'object-not-asked' }
      return isMustHave(item.groupResource) ? select : decideByContent(item, known, { policies: compiled, selectors })
    },
    decideAdditional: (item, mustInclude) => {
      const because = mustInclude ? undefined : outOfScope(item, scope, scope.includeClusterResources !== false)
      return because ? { do: 'leave', because } : select
    },
  }
}

/** The key of the item that is asked for. A resource that the cluster does not know keeps its name. */
export function askedKey({ resource, namespace, name }: AskedObject, resolve: ResolveResource): string {
  return itemKey({ groupResource: resolve(resource) ?? resource, ...(namespace !== undefined && { namespace }), name })
}

/** What is said of objects that were asked for and are not restored, a sentence each: nobody should believe that they are. */
export function missingObjects(
  objects: readonly AskedObject[],
  resolve: ResolveResource,
  { inBackup, selected }: { inBackup: (key: string) => boolean; selected: (key: string) => boolean },
): string[] {
  return objects.flatMap((object) => {
    const key = askedKey(object, resolve)
    if (selected(key)) return []
    const { resource, namespace, name } = object
    const path = [resource, ...(namespace === undefined ? [] : [namespace]), name].join('/')
    return inBackup(key)
      ? [`${path} is asked for by name, and another filter of the restore leaves it out`]
      : [`${path} is asked for by name, and the backup does not have it`]
  })
}

const select: SelectVerdict = { do: 'select' }

interface Scope {
  resources: IncludesExcludes
  namespaces: IncludesExcludes
  includeClusterResources: boolean | undefined
}

function isMustHave(groupResource: GroupResource): boolean {
  return mustHaveResources.includes(groupResource)
}

function clusterScopedSelected({ includeClusterResources, namespaces }: Scope): boolean {
  return includeClusterResources ?? namespaces.includeEverything()
}

function outOfScope(
  { groupResource, namespace }: ItemAddress,
  { resources, namespaces }: Scope,
  clusterScoped: boolean,
): LeaveReason | undefined {
  const mustHave = isMustHave(groupResource)
  if (!mustHave && !resources.shouldInclude(groupResource)) return 'resource-excluded'
  if (namespace === undefined) return clusterScoped ? undefined : 'cluster-scoped-excluded'
  return mustHave || namespaces.shouldInclude(namespace) ? undefined : 'namespace-excluded'
}

function decideByContent(
  item: ItemAddress,
  known: KnownOfItem,
  { policies, selectors }: { policies: CompiledPolicies | undefined; selectors: LabelFilter },
): SelectVerdict {
  const answer = policies?.answer(item, known.firstKind) ?? { do: 'none' }
  switch (answer.do) {
    case 'ask-kind':
      return { do: 'ask', for: 'first-kind' }
    case 'leave':
      return { do: 'leave', because: 'kind-not-in-policy' }
    case 'none':
      return decideByLabels(selectors, known)
    case 'filter':
      if (!answer.filter.acceptsName(item.name)) return { do: 'leave', because: 'name-not-in-policy' }
      return decideByLabels(answer.filter, known)
  }
}

/** Asks for the labels only if a selector needs them. */
function decideByLabels({ asksLabels, acceptsLabels }: LabelFilter, { labels }: KnownOfItem): SelectVerdict {
  if (!asksLabels) return select
  if (labels === undefined) return { do: 'ask', for: 'labels' }
  return acceptsLabels(labels) ? select : { do: 'leave', because: 'labels-do-not-match' }
}

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
