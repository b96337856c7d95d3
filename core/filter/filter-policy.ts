import type { GroupResource } from '../../velero/resource.ts'
import { compileGlob } from './glob.ts'
import { makeIncludesExcludes } from './includes-excludes.ts'
import type { ResolveResource } from './includes-excludes.ts'
import { makeLabelFilter } from './label-selector.ts'
import type { LabelFilter } from './label-selector.ts'
import { hasConstraints, isCatchAll } from './parse-filter-policy.ts'
import type { FilterPolicies, ResourceFilter } from './parse-filter-policy.ts'

/** What the policies decide about the items of one resource in one namespace, or at cluster scope. */
export type PolicyAnswer =
  /** No policy applies: the selectors of the spec decide. */
  | { do: 'none' }
  /** They are not restored. */
  | { do: 'leave' }
  /** This filter decides, and the selectors of the spec do not. */
  | { do: 'filter'; filter: CompiledFilter }
  /** The kind of the first of these items is needed: the policy names a kind that the cluster does not know. */
  | { do: 'ask-kind' }

/** A filter of a policy, compiled. An item must pass both functions. */
export interface CompiledFilter extends LabelFilter {
  readonly acceptsName: (name: string) => boolean
}

/** The filter policies of a restore, compiled. */
export interface CompiledPolicies {
  /**
   * What is decided for a resource in a namespace of the backup, or at cluster scope without a namespace. `firstKind`
   * is the kind of the first of these items in the archive, `null` if that item cannot be read. It is needed only after
   * the answer `ask-kind`.
   */
  readonly answer: (
    place: { groupResource: GroupResource; namespace?: string | undefined },
    firstKind?: string | null,
  ) => PolicyAnswer
}

/** The filters for one or more namespaces, or for cluster scope, by the resolved name of their resource. */
interface FilterSet {
  listed: ReadonlyMap<GroupResource, ListedFilter>
  catchAll?: CompiledFilter
  /** The policy names a kind that the cluster does not know, so a resource that seems not listed may be listed. */
  unresolved: boolean
}

interface ListedFilter {
  filter: CompiledFilter
  kinds: readonly string[]
}

interface NamespacePattern {
  matches: (namespace: string) => boolean
  set: FilterSet
}

/**
 * Compiles the filter policies of a restore. For kinds that the cluster-scoped policy does not list, the selectors of
 * the spec decide. In the namespaces of a namespaced policy, kinds that it neither lists nor covers by a catch-all
 * filter are not restored. A policy that names a namespace wins over patterns; of several patterns the first that
 * matches wins.
 */
export function compilePolicies(
  policies: FilterPolicies,
  resolve: ResolveResource,
): CompiledPolicies | { error: string } {
  const cluster = policies.clusterScoped && compileSet(policies.clusterScoped, resolve)
  if (cluster && 'error' in cluster) return cluster
  const named = new Map<string, FilterSet>()
  const patterns: NamespacePattern[] = []
  for (const { namespaces, resourceFilters } of policies.namespaced) {
    const set = compileSet(resourceFilters, resolve)
    if ('error' in set) return set
    for (const namespace of namespaces) {
      named.set(namespace, set)
      if (/[*?[]/.test(namespace)) patterns.push(compilePattern(namespace, set))
    }
  }
  const setFor = (namespace: string): FilterSet | undefined =>
    named.get(namespace) ?? patterns.find(({ matches }) => matches(namespace))?.set
  return {
    answer: ({ groupResource, namespace }, firstKind) =>
      namespace === undefined
        ? answerFromCluster(cluster, groupResource, firstKind)
        : answerFromNamespace(setFor(namespace), groupResource, firstKind),
  }
}

function answerFromCluster(
  set: FilterSet | undefined,
  groupResource: GroupResource,
  firstKind: string | null | undefined,
): PolicyAnswer {
  const found = set ? findFilter(set, groupResource, firstKind) : undefined
  return found ?? { do: 'none' }
}

function answerFromNamespace(
  set: FilterSet | undefined,
  groupResource: GroupResource,
  firstKind: string | null | undefined,
): PolicyAnswer {
  if (!set) return { do: 'none' }
  if (!set.listed.has(groupResource) && !set.catchAll && !set.unresolved) return { do: 'leave' }
  const found = findFilter(set, groupResource, firstKind)
  return found ?? (set.catchAll ? { do: 'filter', filter: set.catchAll } : { do: 'leave' })
}

function findFilter(
  set: FilterSet,
  groupResource: GroupResource,
  firstKind: string | null | undefined,
): PolicyAnswer | undefined {
  const listed = set.listed.get(groupResource)
  if (listed) return { do: 'filter', filter: listed.filter }
  if (firstKind === undefined) return { do: 'ask-kind' }
  const kind = firstKind?.toLowerCase()
  const byKind = [...set.listed.values()].find(({ kinds }) => kinds.some((one) => one === kind))
  return byKind && { do: 'filter', filter: byKind.filter }
}

function compileSet(filters: readonly ResourceFilter[], resolve: ResolveResource): FilterSet | { error: string } {
  const listed = new Map<GroupResource, ListedFilter>()
  let catchAll: CompiledFilter | undefined
  let unresolved = false
  for (const filter of filters) {
    const compiled = compileFilter(filter)
    if ('error' in compiled) return compiled
    if (isCatchAll(filter)) {
      catchAll = compiled
      continue
    }
    const kinds = filter.kinds.map((kind) => kind.toLowerCase())
    for (const kind of kinds) {
      const resolved = resolve(kind)
      unresolved ||= resolved === undefined
      const key = resolved ?? kind
      if (listed.has(key)) return { error: `ambiguous policy: duplicate kind ${JSON.stringify(key)} detected` }
      listed.set(key, { filter: compiled, kinds })
    }
  }
  return { listed, unresolved, ...(catchAll && { catchAll }) }
}

/** An item must match the label selector, one of `orLabelSelectors` if there are any, and the name patterns. */
function compileFilter(filter: ResourceFilter): CompiledFilter | { error: string } {
  const { labelSelector, orLabelSelectors, names, excludedNames } = filter
  const all = hasConstraints(labelSelector) ? labelSelector : undefined
  const labels = makeLabelFilter(all, orLabelSelectors.filter(hasConstraints))
  if ('error' in labels) {
    const which = labels.in === 'selector' ? 'label selector' : 'OR label selector'
    return { error: `invalid ${which} in resource filter: ${labels.error}` }
  }
  const byName = makeIncludesExcludes({ includes: names, excludes: excludedNames })
  return { ...labels, acceptsName: byName.shouldInclude }
}

function compilePattern(pattern: string, set: FilterSet): NamespacePattern {
  const glob = compileGlob(pattern)
  return { set, matches: 'error' in glob ? () => false : glob.matches }
}
