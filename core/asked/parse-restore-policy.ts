import { compileGlob } from '../filter/glob.ts'
import { decodeShape } from '../values/decode-shape.ts'
import type { Shape } from '../values/decode-shape.ts'
import { readYaml } from '../values/yaml.ts'
import { faultOfGroups, faultOfUser } from './acting-user.ts'
import { quoted } from './entries.ts'
import type { PolicyRule, RestorePolicy } from './restore-policy.ts'

const texts: Shape = { list: 'text' }
const policyShape: Shape = {
  fields: {
    rules: {
      list: {
        fields: {
          user: 'text',
          asWorker: 'boolean',
          groups: texts,
          namespaces: texts,
          from: texts,
          resources: texts,
          clusterScoped: texts,
        },
      },
    },
    plugins: texts,
  },
}

interface RawRule extends Partial<PolicyRule> {
  /** A rule without a user says so: a user that somebody forgot must not become the worker. */
  asWorker?: boolean | null
}

type RawPolicy = { rules?: RawRule[]; plugins?: string[] } | undefined

/** Reads the policy of a worker from YAML or JSON, or says all that is wrong with it, a sentence each. */
export function parseRestorePolicy(text: string): { policy: RestorePolicy } | { errors: string[] } {
  const read = readYaml(text, { scalars: 'json', repeatedKeys: 'refused' })
  const decoded = 'error' in read ? read : decodeShape(read.value, policyShape, {})
  if ('error' in decoded) return { errors: [decoded.error] }
  const raw = decoded.value as RawPolicy
  // An empty file must not be taken for one that allows all.
  if (raw?.rules === undefined && raw?.plugins === undefined) return { errors: ['it has neither rules nor plugins'] }
  const rules = raw.rules?.map(completeRule)
  const errors = (raw.rules ?? []).flatMap((rule, index) =>
    [...faultsOfMaker(rule), ...faultsOf(completeRule(rule))].map((fault) => `rules[${index}]: ${fault}`),
  )
  if (errors.length > 0) return { errors }
  return { policy: { ...(rules === undefined ? {} : { rules }), plugins: raw.plugins ?? [] } }
}

/** Where a rule does not say from where, an item stays in a namespace of that rule. */
function completeRule(raw: RawRule): PolicyRule {
  const { user, groups = [], namespaces = [], from = namespaces, resources = ['*'], clusterScoped = [] } = raw
  return { ...(user === undefined ? {} : { user }), groups, namespaces, from, resources, clusterScoped }
}

function faultsOfMaker({ user, asWorker, groups = [] }: RawRule): string[] {
  const isWorker = asWorker === true
  if (user === undefined && !isWorker) return ['it names no user: set user, or asWorker: true for restores without one']
  if (user !== undefined && isWorker) return ['it has a user and asWorker: true: one of the two']
  return isWorker && groups.length > 0 ? ['it has groups and no user'] : []
}

function faultsOf(rule: PolicyRule): string[] {
  const { user, groups, namespaces, from, resources, clusterScoped } = rule
  const told = (field: string, value: string, fault: string | undefined) =>
    fault === undefined ? [] : [`${field} ${quoted(value)}: ${fault}`]
  return [
    ...(user === undefined ? [] : told('user', user, faultOfUser(user))),
    ...groups.flatMap((group) => told('group', group, faultOfGroup(group))),
    ...(namespaces.length === 0 && clusterScoped.length === 0 ? ['it allows nothing: give it namespaces'] : []),
    ...[...new Set([...namespaces, ...from])].flatMap((pattern) => told('namespace', pattern, faultOfPattern(pattern))),
    ...[...resources, ...clusterScoped].flatMap((name) => told('resource', name, faultOfResource(name))),
  ]
}

/** A comma would make two groups of one. */
function faultOfGroup(group: string): string | undefined {
  return group.includes(',') ? 'it is the name of one group, without a comma' : faultOfGroups(group)
}

function faultOfPattern(pattern: string): string | undefined {
  if (pattern === '') return 'it names no namespace'
  const glob = compileGlob(pattern)
  return 'error' in glob ? glob.error : undefined
}

function faultOfResource(name: string): string | undefined {
  return name === '*' || /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name)
    ? undefined
    : 'it takes the full name of a resource, such as configmaps or deployments.apps, or *'
}
