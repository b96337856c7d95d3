import type { GroupResource } from '../../velero/resource.ts'
import { compileGlob } from './glob.ts'
import { makeIncludesExcludes } from './includes-excludes.ts'
import type { IncludesExcludes, ResolveResource } from './includes-excludes.ts'
import { compileLabelSelector } from './label-selector.ts'
import type { Labels } from './label-selector.ts'
import { hasConstraints, isCatchAll } from './parse-filter-policy.ts'
import type { FilterPolicies, ResourceFilter } from './parse-filter-policy.ts'

/** What a policy says about the items of a resource in one namespace, or at cluster scope. */
export type PolicyAnswer =
  /** Nothing: the selectors of the spec decide. */
  | { do: 'none' }
  /** They are not restored. */
  | { do: 'leave' }
  /** This filter decides, and the selectors of the spec do not. */
  | { do: 'filter'; filter: CompiledFilter }
  /** It depends on the kind of the first of these items, for a kind in the policy may be one the cluster does not know. */
  | { do: 'ask-kind' }

/** A filter ready to use. */
export interface CompiledFilter {
  /** Without it no manifest needs to be read. */
  readonly asksLabels: boolean
  readonly acceptsLabels: (labels: Labels) => boolean
  readonly acceptsName: (name: string) => boolean
}

export interface CompiledPolicies {
  /**
   * Says what holds for a resource in a namespace of the backup, or at cluster scope. `firstKind` is the kind of the
   * first of these items in the archive, `null` where that cannot be read; it need only be given once it is asked for.
   */
  readonly answer: (
    place: { groupResource: GroupResource; namespace?: string | undefined },
    firstKind?: string | null,
  ) => PolicyAnswer
}

/** Filters by the resolved name of their resource, and what they were called in the policy. */
interface FilterSet {
  listed: ReadonlyMap<GroupResource, ListedFilter>
  catchAll?: CompiledFilter
  /** A kind of the policy is not known to the cluster, so even an unlisted resource may turn out to be listed. */
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
 * Prepares the filter policies of a restore. Cluster-scoped ones refine: kinds they do not list are left to the
 * selectors of the spec. Namespaced ones are lists of what is allowed: in their namespaces, kinds that they neither list
 * nor catch are not restored. A namespace that is named beats patterns, and of those the first that matches counts.
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

/** All must hold: the selector, one of the alternative selectors if there are any, and the name. */
function compileFilter(filter: ResourceFilter): CompiledFilter | { error: string } {
  const all = hasConstraints(filter.labelSelector) ? compileLabelSelector(filter.labelSelector) : undefined
  if (all && 'error' in all) return { error: `invalid label selector in resource filter: ${all.error}` }
  const any: ((labels: Labels) => boolean)[] = []
  for (const selector of filter.orLabelSelectors.filter(hasConstraints)) {
    const compiled = compileLabelSelector(selector)
    if ('error' in compiled) return { error: `invalid OR label selector in resource filter: ${compiled.error}` }
    any.push(compiled.matches)
  }
  const names = nameFilter(filter)
  return {
    asksLabels: all !== undefined || any.length > 0,
    acceptsLabels: (labels) =>
      (all?.matches(labels) ?? true) && (any.length === 0 || any.some((matches) => matches(labels))),
    acceptsName: (name) => names.shouldInclude(name),
  }
}

function nameFilter({ names, excludedNames }: ResourceFilter): IncludesExcludes {
  return makeIncludesExcludes({ includes: names, excludes: excludedNames })
}

function compilePattern(pattern: string, set: FilterSet): NamespacePattern {
  const glob = compileGlob(pattern)
  return { set, matches: 'error' in glob ? () => false : glob.matches }
}
