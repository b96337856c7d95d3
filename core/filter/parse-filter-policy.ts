import type { Manifest } from '../../velero/manifest.ts'
import type { LabelSelector } from '../../velero/restore.ts'
import { decodeShape } from '../values/decode-shape.ts'
import type { Shape } from '../values/decode-shape.ts'
import { readYaml } from '../values/yaml.ts'
import { compileGlob } from './glob.ts'
import { compileLabelSelector } from './label-selector.ts'

/** Which items of some kinds are restored. */
export interface ResourceFilter {
  /** Empty or only `*` (a catch-all filter): all kinds that no other filter lists. */
  kinds: readonly string[]
  labelSelector?: LabelSelector
  orLabelSelectors: readonly LabelSelector[]
  names: readonly string[]
  excludedNames: readonly string[]
}

/** Filters for some namespaces of the backup, given by names or globs. */
export interface NamespacedFilterPolicy {
  namespaces: readonly string[]
  resourceFilters: readonly ResourceFilter[]
}

/** The filters of `spec.resourcePolicy`, for cluster-scoped kinds and for namespaces. */
export interface FilterPolicies {
  clusterScoped?: readonly ResourceFilter[]
  namespaced: readonly NamespacedFilterPolicy[]
}

interface RawPolicies {
  version?: string
  volumePolicies?: unknown[]
  includeExcludePolicy?: object
  clusterScopedFilterPolicy?: { resourceFilters?: Partial<ResourceFilter>[] }
  namespacedFilterPolicies?: { namespaces?: string[]; resourceFilters?: Partial<ResourceFilter>[] }[]
}

const texts: Shape = { list: 'text' }
const selector: Shape = {
  fields: {
    matchLabels: { map: 'text' },
    matchExpressions: { list: { fields: { key: 'text', operator: 'text', values: texts } } },
  },
}
const resourceFilters: Shape = {
  list: {
    fields: {
      kinds: texts,
      labelSelector: selector,
      orLabelSelectors: { list: selector, keepsNulls: true },
      names: texts,
      excludedNames: texts,
    },
  },
}
const policiesShape: Shape = {
  fields: {
    version: 'text',
    volumePolicies: {
      list: { fields: { conditions: 'anything', action: { fields: { type: 'text', parameters: 'anything' } } } },
    },
    includeExcludePolicy: {
      fields: {
        includedClusterScopedResources: texts,
        excludedClusterScopedResources: texts,
        includedNamespaceScopedResources: texts,
        excludedNamespaceScopedResources: texts,
      },
    },
    clusterScopedFilterPolicy: { fields: { resourceFilters } },
    namespacedFilterPolicies: { list: { fields: { namespaces: texts, resourceFilters } } },
  },
}

/** An error in the text itself (`read`), or in what it says (`validate`). Velero has different words for them. */
export type PolicyError = { during: 'read' | 'validate'; error: string }

/** Reads and validates the ConfigMap of `spec.resourcePolicy`, whose data has exactly one key with any name. */
export function parseFilterPolicies(configMap: Manifest): { policies: FilterPolicies } | PolicyError {
  const all = Object.values((configMap['data'] ?? {}) as Record<string, string>)
  const [text] = all
  if (text === undefined || all.length !== 1) {
    const { namespace = '', name } = configMap.metadata
    return { during: 'read', error: `illegal resource policies ${namespace}/${name} configmap` }
  }
  const decoded = decodePolicies(text)
  if ('error' in decoded) {
    return { during: 'read', error: `failed to decode yaml data into resource policies  ${decoded.error}` }
  }
  const raw = (decoded.value ?? {}) as RawPolicies
  const policies = completePolicies(raw)
  const error = unsupported(raw) ?? clusterScopedFault(policies.clusterScoped) ?? namespacedFault(policies.namespaced)
  return error === undefined ? { policies } : { during: 'validate', error }
}

/** An empty text is an error, unlike `null` and `{}`, because Velero's decoder finds no document in it. */
function decodePolicies(text: string): { value: unknown } | { error: string } {
  const read = readYaml(text, { scalars: 'as written', repeatedKeys: 'refused' })
  if ('error' in read) return read
  if (read.value === undefined) return { error: 'the text is empty' }
  return decodeShape(read.value, policiesShape, { dropsNulls: true })
}

function unsupported({ version = '', volumePolicies = [], includeExcludePolicy }: RawPolicies): string | undefined {
  if (version !== 'v1') return `incompatible version number ${version} with supported version v1`
  if (volumePolicies.length > 0) return 'volumePolicies are not supported for restore'
  return includeExcludePolicy && 'includeExcludePolicy is not supported for restore'
}

function completePolicies(raw: RawPolicies): FilterPolicies {
  const clusterScoped = raw.clusterScopedFilterPolicy
  return {
    ...(clusterScoped && { clusterScoped: (clusterScoped.resourceFilters ?? []).map(completeFilter) }),
    namespaced: (raw.namespacedFilterPolicies ?? []).map((policy) => ({
      namespaces: policy.namespaces ?? [],
      resourceFilters: (policy.resourceFilters ?? []).map(completeFilter),
    })),
  }
}

function completeFilter(filter: Partial<ResourceFilter>): ResourceFilter {
  return {
    kinds: filter.kinds ?? [],
    ...(filter.labelSelector && { labelSelector: filter.labelSelector }),
    orLabelSelectors: filter.orLabelSelectors ?? [],
    names: filter.names ?? [],
    excludedNames: filter.excludedNames ?? [],
  }
}

/** Whether a filter applies to all kinds that no other filter lists. */
export function isCatchAll({ kinds }: ResourceFilter): boolean {
  return kinds.length === 0 || (kinds.length === 1 && kinds[0] === '*')
}

/** Whether a selector has a requirement. One without, such as `{}`, counts as absent. */
export function hasConstraints(selector: LabelSelector | undefined): selector is LabelSelector {
  return Object.keys(selector?.matchLabels ?? {}).length > 0 || (selector?.matchExpressions ?? []).length > 0
}

function clusterScopedFault(filters: readonly ResourceFilter[] | undefined): string | undefined {
  if (!filters) return undefined
  const policy = 'clusterScopedFilterPolicy'
  if (filters.length === 0) {
    return `${policy}: resourceFilters cannot be empty; remove the policy block entirely if it is not needed`
  }
  const kinds = new Map<string, number>()
  return firstFault(filters, (filter, index) => {
    if (isCatchAll(filter))
      return `${policy}.resourceFilters[${index}]: kinds must be specified (catch-all is not supported)`
    return (
      repeatedKind(filter.kinds, index, { policy, kinds }) ?? filterFault(filter, `${policy}.resourceFilters[${index}]`)
    )
  })
}

function namespacedFault(policies: readonly NamespacedFilterPolicy[]): string | undefined {
  return firstFault(policies, policyFault) ?? repeatedPattern(policies)
}

function policyFault({ namespaces, resourceFilters: filters }: NamespacedFilterPolicy, at: number): string | undefined {
  const policy = `namespacedFilterPolicies[${at}]`
  if (namespaces.length === 0) return `${policy}: at least one namespace must be specified`
  if (filters.length === 0) return `${policy}: at least one resourceFilter must be specified`
  const kinds = new Map<string, number>()
  let catchAlls = 0
  return (
    firstFault(namespaces, (pattern, index) =>
      prefixed(`${policy}.namespaces[${index}]`, namespacePatternFault(pattern)),
    ) ??
    firstFault(filters, (filter, index) => {
      const place = `${policy}.resourceFilters[${index}]`
      if (isCatchAll(filter) && ++catchAlls > 1) return `${policy}: only one catch-all resource filter is allowed`
      if (isCatchAll(filter) && filter.names.length + filter.excludedNames.length > 0) {
        return `${place}: names or excludedNames cannot be specified for catch-all filters`
      }
      const named = filter.kinds.filter((kind) => kind !== '*')
      return repeatedKind(named, index, { policy, kinds }) ?? filterFault(filter, place)
    })
  )
}

/** The error in a pattern for namespaces in Velero's words; undefined for a valid one. */
function namespacePatternFault(pattern: string): string | undefined {
  if (/[|()!{},]/.test(pattern)) return 'wildcard pattern contains unsupported characters: |, (, ), !, {, }, ,'
  if (pattern.includes('**')) return 'wildcard pattern contains consecutive asterisks (only single * allowed)'
  return bracketFault(pattern)
}

function bracketFault(pattern: string): string | undefined {
  let at = 0
  while (at < pattern.length) {
    const char = pattern[at]
    if (char === ']') return "wildcard pattern contains unmatched closing bracket ']'"
    if (char !== '[') {
      at++
      continue
    }
    const close = pattern.indexOf(']', at)
    if (close < 0) return "wildcard pattern contains unclosed bracket '['"
    if (close === at + 1) return "wildcard pattern contains empty bracket pattern '[]'"
    at = close + 1
  }
  return undefined
}

function repeatedKind(
  names: readonly string[],
  index: number,
  { policy, kinds }: { policy: string; kinds: Map<string, number> },
): string | undefined {
  return firstFault(names, (kind) => {
    const before = kinds.get(kind)
    kinds.set(kind, index)
    if (before === undefined) return undefined
    return `${policy}: kind ${JSON.stringify(kind)} appears in both resourceFilters[${before}] and resourceFilters[${index}]`
  })
}

function filterFault(filter: ResourceFilter, place: string): string | undefined {
  const { labelSelector, orLabelSelectors, names, excludedNames } = filter
  if (hasConstraints(labelSelector) && orLabelSelectors.length > 0) {
    return `${place}: labelSelector and orLabelSelectors cannot co-exist`
  }
  return (
    prefixed(place, selectorFault(labelSelector)) ??
    firstFault(orLabelSelectors, (each, index) =>
      prefixed(`${place}.orLabelSelectors[${index}]`, selectorFault(each)),
    ) ??
    firstFault(names, (pattern, index) => prefixed(`${place}.names[${index}]`, globFault(pattern))) ??
    firstFault(excludedNames, (pattern, index) => prefixed(`${place}.excludedNames[${index}]`, globFault(pattern)))
  )
}

function selectorFault(labelSelector: LabelSelector | undefined): string | undefined {
  if (!hasConstraints(labelSelector)) return undefined
  const compiled = compileLabelSelector(labelSelector)
  return 'error' in compiled ? `invalid label selector: ${compiled.error}` : undefined
}

function globFault(pattern: string): string | undefined {
  const glob = compileGlob(pattern)
  return 'error' in glob ? `invalid glob pattern ${JSON.stringify(pattern)}: ${glob.error}` : undefined
}

/** The first repeated pattern. Velero reports any one of them, at random. */
function repeatedPattern(policies: readonly NamespacedFilterPolicy[]): string | undefined {
  const users = new Map<string, number[]>()
  policies.forEach(({ namespaces }, index) => {
    for (const pattern of namespaces) users.set(pattern, [...(users.get(pattern) ?? []), index])
  })
  return firstFault([...users], ([pattern, indices]) =>
    indices.length > 1
      ? `namespacedFilterPolicies: duplicate namespace pattern '${pattern}' found in policies [${indices.join(' ')}]`
      : undefined,
  )
}

function prefixed(place: string, fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `${place}: ${fault}`
}

function firstFault<T>(items: readonly T[], check: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of items.entries()) {
    const fault = check(item, index)
    if (fault !== undefined) return fault
  }
  return undefined
}
