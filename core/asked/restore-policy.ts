import { compileGlob } from '../filter/glob.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { ActingUser } from './acting-user.ts'
import { quoted } from './entries.ts'

/** Who may restore what into which namespaces. It is the worker's: no Restore can widen it. */
export interface RestorePolicy {
  /** What is allowed; what no rule allows is not. Without rules all is allowed that the cluster allows. */
  rules?: readonly PolicyRule[]
  /** The actions of plugins that run in restores which are made as a user, though they act with the rights of the worker. */
  plugins: readonly string[]
}

/** One rule. What it allows, it allows together: these items of these namespaces into these namespaces. */
export interface PolicyRule {
  /** As whom the restore is made; absent: as the worker itself. */
  user?: string
  /** Groups that a restore may have. A restore with another one has nothing from this rule. */
  groups: readonly string[]
  /** Globs of target namespaces. */
  namespaces: readonly string[]
  /** Globs of namespaces of the backup. */
  from: readonly string[]
  /** Resources that are in namespaces, with full names, or `*`. */
  resources: readonly string[]
  /** Resources that are in no namespace, with full names, or `*`. Namespaces themselves go by `namespaces`. */
  clusterScoped: readonly string[]
}

/** What is written: an item, or an object beside it. */
export interface PolicyObject {
  group: string
  resource: string
  /** The target namespace; that of a Namespace is its own name. Absent for other objects of the cluster. */
  namespace?: string | undefined
  /** The namespace in the backup; absent where that is not known, and for objects of the cluster. */
  from?: string | undefined
}

/** What the policy lets a restore write. */
export type Permits = (object: PolicyObject) => boolean

/** Resources whose objects go by their own name as namespace. */
const namespaces = 'namespaces'

/** Why a restore may not be made as this user at all, or as the worker where there is none; undefined where it may. */
export function faultOfPolicy(policy: RestorePolicy | undefined, user: ActingUser | undefined): string | undefined {
  const { rules } = policy ?? {}
  if (rules === undefined || rulesFor(rules, user).length > 0) return undefined
  if (user === undefined)
    return "the worker's policy lets nothing be restored without a user: name one by annotation drydock.io/impersonate-user"
  const ofUser = rules.filter((rule) => rule.user === user.user)
  if (ofUser.length === 0) return `the worker's policy does not name user ${quoted(user.user)}`
  const strange = user.groups.find((group) => !ofUser.some((rule) => rule.groups.includes(group)))
  const which = strange === undefined ? 'these groups together' : `group ${quoted(strange)}`
  return `the worker's policy does not let user ${quoted(user.user)} restore with ${which}`
}

/** What the policy lets a restore of this user write; undefined where it limits nothing. */
export function permitsOf(policy: RestorePolicy | undefined, user: ActingUser | undefined): Permits | undefined {
  const { rules } = policy ?? {}
  if (rules === undefined) return undefined
  const permits = rulesFor(rules, user).map(permitsOfRule)
  return (object) => permits.some((one) => one(object))
}

/** Names of actions of plugins that may not run in a restore of this user: what they write, the worker writes. */
export function refusedPlugins(
  policy: RestorePolicy | undefined,
  user: ActingUser | undefined,
  plugins: readonly string[],
): string[] {
  if (user === undefined) return []
  return plugins.filter((name) => policy?.plugins.includes(name) !== true)
}

function rulesFor(rules: readonly PolicyRule[], user: ActingUser | undefined): readonly PolicyRule[] {
  return rules.filter(
    (rule) => rule.user === user?.user && (user?.groups ?? []).every((group) => rule.groups.includes(group)),
  )
}

function permitsOfRule(rule: PolicyRule): Permits {
  const [into, from] = [anyOf(rule.namespaces), anyOf(rule.from)]
  return ({ group, resource, namespace, from: source }) => {
    const name = formatGroupResource(resource, group)
    if (namespace === undefined) return lists(rule.clusterScoped, name)
    if (name !== namespaces && !lists(rule.resources, name)) return false
    return into(namespace) && (source === undefined || from(source))
  }
}

function lists(names: readonly string[], name: GroupResource): boolean {
  return names.includes('*') || names.includes(name)
}

/** A pattern that is wrong matches nothing: it was refused when the policy was read. */
function anyOf(patterns: readonly string[]): (text: string) => boolean {
  const globs = patterns.flatMap((pattern) => {
    const glob = compileGlob(pattern)
    return 'error' in glob ? [] : [glob]
  })
  return (text) => globs.some((glob) => glob.matches(text))
}
