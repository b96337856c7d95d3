import { parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { resolveResource } from '../filter/resolve-resource.ts'
import type { ServedResource } from '../filter/resolve-resource.ts'
import { firstNames } from '../values/first-names.ts'
import { isDerived } from '../values/derived-objects.ts'
import { entriesMax, entriesOf, pairsOf, quoted } from './entries.ts'

/** What becomes of an object of the cluster that stands where an item should go; the first two are Velero's. */
export type ExistingPolicy = (typeof policies)[number]

const policies = ['none', 'update', 'recreate', 'fail'] as const

/** The policy for one resource, or with `*` for all others. `resource` is as people say it until it is resolved. */
export interface ExistingRule {
  resource: string
  policy: ExistingPolicy
}

/** The rules of an annotation that is valid. A policy alone is that of all resources. */
export function existingRulesOf(value: string): ExistingRule[] {
  const alone = isPolicy(value.trim())
  const pairs: [string, string][] = alone ? [['*', value.trim()]] : pairsOf(value)
  return pairs.flatMap(([resource, policy]) => (isPolicy(policy) ? [{ resource, policy }] : []))
}

/** What is wrong with the value of the annotation; undefined for one that it takes. Which kinds there are is seen later. */
export function faultOfExisting(value: string): string | undefined {
  const entries = entriesOf(value)
  if (entries.length === 0) return 'it names no policy'
  if (entries.length > entriesMax) return `it has ${entries.length} entries, and may have ${entriesMax}`
  if (isPolicy(value.trim())) return undefined
  const pairs = pairsOf(value)
  for (const [resource, policy] of pairs) {
    if (resource === '' || policy === '') return 'it takes a policy, or <resource>=<policy> with commas between them'
    if (!isPolicy(policy)) return `${quoted(policy)} is no policy: it may be ${policies.join(', ')}`
    const fault = faultOfKind(resource, policy)
    if (fault !== undefined) return fault
  }
  const twice = pairs.find(([resource], index) => pairs.findIndex(([other]) => other === resource) !== index)
  return twice === undefined ? undefined : `${quoted(twice[0])} has two policies`
}

/** Why the annotation contradicts `spec.existingResourcePolicy`; undefined where it does not. */
export function clashWithSpec(value: string, policy: string | undefined): string | undefined {
  if (policy === undefined || policy === '') return undefined
  if (!existingRulesOf(value).some(({ resource }) => resource === '*')) return undefined
  return `it has a policy for all resources, and so has spec.existingResourcePolicy (${quoted(policy)}): leave one out`
}

/** The rules with full names of resources; an error where a word names no kind, or two words name the same one. */
export function resolveExisting(
  rules: readonly ExistingRule[],
  resolve: (word: string) => GroupResource | undefined,
): { rules: ExistingRule[] } | { error: string } {
  const words = new Map<GroupResource, string>()
  const resolved: ExistingRule[] = []
  for (const { resource: word, policy } of rules) {
    const resource = word === '*' ? '*' : resolve(word)
    if (resource === undefined)
      return { error: `it names ${quoted(word)}, which neither the cluster nor the backup has` }
    const other = words.get(resource)
    if (other !== undefined) return { error: `${quoted(other)} and ${quoted(word)} are both ${resource}: name it once` }
    words.set(resource, word)
    resolved.push({ resource, policy })
  }
  return { rules: resolved }
}

/** An object that a policy is asked for. */
export interface ExistingObject {
  groupResource: GroupResource
  name: string
  /** Its namespace in the cluster; absent for a cluster-scoped object. */
  target?: string | undefined
}

/** The policies of one restore. */
export interface ExistingPolicies {
  rules: readonly ExistingRule[]
  /** `spec.existingResourcePolicy`. */
  fallback: string | undefined
  /** The namespace of the Restore, where Drydock and Velero run. */
  home: string
}

/**
 * The policy for one object: that of its resource, else that of `*`, else the fallback. Objects that Kubernetes makes itself, such
 * as the ServiceAccount `default`, go by the fallback alone, and so do kinds that are never recreated under `*=recreate`. In the
 * namespace of the Restore nothing is recreated: what is deleted there may be what restores.
 */
export function existingPolicyFor(
  { groupResource, name, target }: ExistingObject,
  { rules, fallback, home }: ExistingPolicies,
): string | undefined {
  const rule =
    rules.find(({ resource }) => resource === groupResource) ?? rules.find(({ resource }) => resource === '*')
  if (rule === undefined || isDerived(groupResource, name)) return fallback
  if (rule.policy !== 'recreate') return rule.policy
  if (lasting.some((one) => one.groupResource === groupResource)) return fallback
  if (rule.resource === '*' && accessRoles.includes(groupResource)) return fallback
  return target === home ? 'none' : 'recreate'
}

/** How many objects exist, and the first of them. */
export function whatExists(ids: readonly string[]): string {
  const named = firstNames(ids)
  return ids.length === 1 ? `1 object exists (${named})` : `${ids.length} objects exist (${named})`
}

function isPolicy(word: string): word is ExistingPolicy {
  return policies.some((policy) => policy === word)
}

/** Kinds that are recreated only by name: without them others lose their access meanwhile, perhaps Drydock itself. */
const accessRoles: readonly GroupResource[] = [
  'clusterroles.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
]

/** Kinds that are never deleted to be created anew, each with what would go with its object. */
const lasting: readonly (ServedResource & { groupResource: GroupResource; takes: string })[] = [
  kind('namespaces', 'namespace', 'all that is in it', ['ns']),
  kind('customresourcedefinitions.apiextensions.k8s.io', 'customresourcedefinition', 'all objects of its kind', [
    'crd',
    'crds',
  ]),
  kind('persistentvolumes', 'persistentvolume', 'its data', ['pv']),
  kind('persistentvolumeclaims', 'persistentvolumeclaim', 'its data', ['pvc']),
  kind('volumesnapshots.snapshot.storage.k8s.io', 'volumesnapshot', 'its data', ['vs']),
  kind('volumesnapshotcontents.snapshot.storage.k8s.io', 'volumesnapshotcontent', 'its data', ['vsc', 'vscs']),
  kind('apiservices.apiregistration.k8s.io', 'apiservice', 'the access to all objects of its kinds'),
]

function kind(groupResource: GroupResource, singular: string, takes: string, shortNames: readonly string[] = []) {
  const verbs = ['list', 'create', 'get', 'delete']
  return {
    ...parseGroupResource(groupResource),
    groupResource,
    takes,
    version: 'v1',
    singular,
    shortNames,
    verbs,
    preferred: true,
  }
}

function faultOfKind(word: string, policy: ExistingPolicy): string | undefined {
  const named = resolveResource(word, lasting)
  if (named === 'namespaces') return 'namespaces take no policy: one that exists is restored into'
  const found = lasting.find(({ groupResource }) => groupResource === named)
  if (found === undefined || policy !== 'recreate') return undefined
  return `${found.resource} are not recreated: with the object would go ${found.takes}`
}
