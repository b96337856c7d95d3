import { mustHaveResources } from '../../velero/defaults.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import { compilePolicies } from '../filter/filter-policy.ts'
import type { CompiledPolicies } from '../filter/filter-policy.ts'
import { makeIncludesExcludes, makeResourceIncludesExcludes } from '../filter/includes-excludes.ts'
import type { IncludesExcludes, ResolveResource } from '../filter/includes-excludes.ts'
import { compileLabelSelector } from '../filter/label-selector.ts'
import type { Labels } from '../filter/label-selector.ts'
import type { FilterPolicies } from '../filter/parse-filter-policy.ts'

/** Why an item of the archive is not restored. */
export type LeaveReason =
  | 'resource-excluded'
  | 'namespace-excluded'
  | 'cluster-scoped-excluded'
  | 'kind-not-in-policy'
  | 'labels-do-not-match'
  | 'name-not-in-policy'

/** What is known of an item; more is read only where the verdict asks for it. */
export interface KnownOfItem {
  /** The kind of the first item of the same resource and namespace; `null` where it cannot be read. */
  firstKind?: string | null
  /** The item's labels, once its manifest was read; an object without labels has `{}`. */
  labels?: Labels
}

/** The verdict on an item, or what must be read before there is one. */
export type SelectVerdict =
  { do: 'select' } | { do: 'leave'; because: LeaveReason } | { do: 'ask'; for: 'first-kind' | 'labels' }

export interface ItemSelector {
  /** Whether an item of the archive is restored by itself. */
  readonly decide: (item: ItemAddress, known?: KnownOfItem) => SelectVerdict
  /** Whether an item that another one wants is restored: selectors and policies do not hold for it, excludes do unless it must be included. */
  readonly decideAdditional: (item: ItemAddress, mustInclude: boolean) => SelectVerdict
}

/** What decides about items. `resolve` knows the resources of the cluster. */
export interface SelectInput {
  spec: RestoreSpec
  policies?: FilterPolicies | undefined
  resolve: ResolveResource
}

/**
 * Prepares the selection of a restore, or says why it cannot be made; Velero restores nothing then, with that one error.
 * The rules are asked in this order and the first that leaves an item out is the reason:
 *
 * 1. the resource is included, and not excluded
 * 2. the namespace of the backup likewise; a cluster-scoped item by `includeClusterResources`, see the table
 * 3. a filter policy lists the kind, or catches it
 * 4. the name, by the policy's filter
 * 5. labels, by the policy's filter where one decides, else by the selectors of the spec
 *
 * | includeClusterResources | cluster-scoped items | cluster-scoped additional items |
 * | false                   | no                   | no |
 * | unset, all namespaces   | yes                  | yes |
 * | unset, some namespaces  | no                   | yes |
 * | true                    | yes                  | yes |
 *
 * Resources that a restore must have pass all of them but the table.
 */
export function makeItemSelector({ spec, policies, resolve }: SelectInput): ItemSelector | { error: string } {
  const selectors = compileSelectors(spec)
  if ('error' in selectors) return selectors
  const compiled = policies && compilePolicies(policies, resolve)
  if (compiled && 'error' in compiled) return compiled
  const { includedResources, excludedResources, includedNamespaces, excludedNamespaces } = spec
  const scope: Scope = {
    resources: makeResourceIncludesExcludes({ includes: includedResources, excludes: excludedResources }, resolve),
    namespaces: makeIncludesExcludes({ includes: includedNamespaces, excludes: excludedNamespaces }),
    includeClusterResources: spec.includeClusterResources ?? undefined,
  }
  return {
    decide: (item, known = {}) => {
      const because = outOfScope(item, scope, clusterScopedSelected(scope))
      if (because) return { do: 'leave', because }
      return isMustHave(item.groupResource) ? select : decideByContent(item, known, { policies: compiled, selectors })
    },
    decideAdditional: (item, mustInclude) => {
      const because = mustInclude ? undefined : outOfScope(item, scope, scope.includeClusterResources !== false)
      return because ? { do: 'leave', because } : select
    },
  }
}

const select: SelectVerdict = { do: 'select' }

interface Scope {
  resources: IncludesExcludes
  namespaces: IncludesExcludes
  includeClusterResources: boolean | undefined
}

interface SpecSelectors {
  asksLabels: boolean
  acceptsLabels: (labels: Labels) => boolean
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
  { policies, selectors }: { policies: CompiledPolicies | undefined; selectors: SpecSelectors },
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

/** The manifest is read only where labels are asked for. */
function decideByLabels({ asksLabels, acceptsLabels }: SpecSelectors, { labels }: KnownOfItem): SelectVerdict {
  if (!asksLabels) return select
  if (labels === undefined) return { do: 'ask', for: 'labels' }
  return acceptsLabels(labels) ? select : { do: 'leave', because: 'labels-do-not-match' }
}

/** No selector selects everything; of the alternative ones, if there are any, one must match. */
function compileSelectors({ labelSelector, orLabelSelectors }: RestoreSpec): SpecSelectors | { error: string } {
  const any: ((labels: Labels) => boolean)[] = []
  for (const selector of orLabelSelectors ?? []) {
    const compiled = compileLabelSelector(selector)
    if ('error' in compiled) return compiled
    any.push(compiled.matches)
  }
  const all = labelSelector ? compileLabelSelector(labelSelector) : undefined
  if (all && 'error' in all) return all
  return {
    asksLabels: all !== undefined || any.length > 0,
    acceptsLabels: (labels) =>
      (all?.matches(labels) ?? true) && (any.length === 0 || any.some((matches) => matches(labels))),
  }
}
