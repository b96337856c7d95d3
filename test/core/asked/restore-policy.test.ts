import { describe, expect, it } from 'vitest'
import { faultOfNextUser } from '../../../core/asked/acting-user.ts'
import { annotationFaults } from '../../../core/asked/annotations.ts'
import { parseRestorePolicy } from '../../../core/asked/parse-restore-policy.ts'
import { faultOfPolicy, permitsOf, refusedPlugins } from '../../../core/asked/restore-policy.ts'
import type { RestorePolicy } from '../../../core/asked/restore-policy.ts'
import { denialsInWords, policyDenials } from '../../../core/plan/policy-denials.ts'
import type { Plan } from '../../../core/plan/plan.ts'

const text = `
rules:
  - user: alice
    groups: [shopkeepers, readers]
    namespaces: [shop, 'shop-*']
  - user: alice
    groups: [auditors]
    namespaces: [audit]
    from: [shop]
    resources: [configmaps, deployments.apps]
    clusterScoped: [persistentvolumes]
  - asWorker: true
    namespaces: ['scratch-*']
    from: ['*']
plugins: [example.com/trusted]
`
const policyOf = (yaml: string): RestorePolicy => {
  const parsed = parseRestorePolicy(yaml)
  if ('errors' in parsed) throw new Error(parsed.errors.join('; '))
  return parsed.policy
}
const policy = policyOf(text)
const alice = { user: 'alice', groups: [] }
const configMap = { group: '', resource: 'configmaps' }

describe('the policy of a worker', () => {
  it.each([
    [alice, { ...configMap, namespace: 'shop', from: 'shop' }, true],
    [alice, { ...configMap, namespace: 'shop-2', from: 'shop' }, true],
    [alice, { ...configMap, namespace: 'pay' }, false],
    [alice, { ...configMap, namespace: 'shop', from: 'pay' }, false],
    [alice, { ...configMap, namespace: 'audit', from: 'shop' }, true],
    [alice, { ...configMap, namespace: 'audit', from: 'audit' }, false],
    [alice, { group: '', resource: 'secrets', namespace: 'audit', from: 'shop' }, false],
    [alice, { group: 'apps', resource: 'deployments', namespace: 'audit' }, true],
    [alice, { group: '', resource: 'namespaces', namespace: 'audit' }, true],
    [alice, { group: '', resource: 'namespaces', namespace: 'pay' }, false],
    [alice, { group: '', resource: 'persistentvolumes' }, true],
    [alice, { group: 'rbac.authorization.k8s.io', resource: 'clusterroles' }, false],
    [{ ...alice, groups: ['auditors'] }, { ...configMap, namespace: 'audit' }, true],
    [{ ...alice, groups: ['auditors'] }, { ...configMap, namespace: 'shop' }, false],
    [{ ...alice, groups: ['readers'] }, { group: '', resource: 'persistentvolumes' }, false],
    [undefined, { ...configMap, namespace: 'scratch-shop', from: 'pay' }, true],
    [undefined, { ...configMap, namespace: 'shop' }, false],
  ])('says of %j whether it may write %j: %s', (user, object, expected) => {
    expect(permitsOf(policy, user)?.(object)).toBe(expected)
  })

  it.each([
    [{ user: 'bob', groups: [] }, 'does not name user "bob"'],
    [{ ...alice, groups: ['admins'] }, 'does not let user "alice" restore with group "admins"'],
    [{ ...alice, groups: ['readers', 'auditors'] }, 'does not let user "alice" restore with these groups together'],
  ])('has nothing for %j', (user, fault) => {
    expect(faultOfPolicy(policy, user)).toContain(fault)
    expect(permitsOf(policy, user)?.({ ...configMap, namespace: 'shop' })).toBe(false)
  })

  it('refuses a Restore without a user where no rule is for the worker itself, whatever its annotations say', () => {
    const strict = policyOf('rules: [{ user: alice, namespaces: [shop] }]')
    expect(annotationFaults({}, {}, { policy: strict })).toEqual([expect.stringContaining('name one by annotation')])
    expect(annotationFaults({}, {}, { policy })).toEqual([])
    const [fault] = annotationFaults({ 'drydock.io/impersonate-user': 'bob' }, {}, { policy })
    expect(fault).toContain('does not name user "bob"')
    const ofWorker = { actingUser: { user: 'bob', groups: [] }, policy }
    expect(annotationFaults({}, {}, ofWorker)).toEqual([expect.stringContaining('does not name user "bob"')])
  })

  it('limits nothing without rules, and trusts only the plugins that it names', () => {
    const open = policyOf('plugins: [example.com/trusted]')
    expect([faultOfPolicy(open, undefined), permitsOf(open, undefined)]).toEqual([undefined, undefined])
    const hosted = ['example.com/trusted', 'example.com/other']
    expect(refusedPlugins(open, alice, hosted)).toEqual(['example.com/other'])
    expect(refusedPlugins(undefined, alice, hosted)).toEqual(hosted)
    expect(refusedPlugins(undefined, undefined, hosted)).toEqual([])
  })

  it.each([
    ['', 'it has neither rules nor plugins'],
    ['rules:', 'it has neither rules nor plugins'],
    ['rules: [{ namespaces: [shop] }]', 'rules[0]: it names no user: set user, or asWorker: true'],
    ['rules: [{ user: , namespaces: [shop] }]', 'rules[0]: it names no user'],
    ['rules: [{ user: alice, asWorker: true, namespaces: [shop] }]', 'one of the two'],
    ['rules: [{ asWorker: true, groups: [a], namespaces: [shop] }]', 'it has groups and no user'],
    ['rules: [{ user: alice }]', 'it allows nothing: give it namespaces'],
    ['rules: [{ user: "system:admin", namespaces: [shop] }]', 'user "system:admin": it is a user of Kubernetes itself'],
    ['rules: [{ user: alice, groups: ["system:masters"], namespaces: [a] }]', 'passes by all authorization'],
    ['rules: [{ user: alice, groups: ["a,b"], namespaces: [a] }]', 'group "a,b"'],
    ['rules: [{ user: alice, namespaces: ["shop-["] }]', 'namespace "shop-["'],
    ['rules: [{ user: alice, namespaces: [shop], resources: [ConfigMap] }]', 'resource "ConfigMap": it takes the full'],
    ['rules: [{ user: alice, namespace: shop }]', 'namespace'],
    ['rules: [{ user: alice, namespaces: shop }]', 'a list'],
    ['rules: [', 'line'],
  ])('cannot be %j', (yaml, fault) => {
    const parsed = parseRestorePolicy(yaml)
    expect('errors' in parsed ? parsed.errors.join('; ') : '').toContain(fault)
  })

  it('names what it denies of a plan, by resource and namespaces', () => {
    const plan: Plan = {
      etag: '',
      provisioned: ['pv-anew'],
      notes: [],
      waves: [
        { groupResource: 'namespaces', chunks: [{ items: [{ name: 'pay', target: 'shop' }] }] },
        { groupResource: 'persistentvolumes', chunks: [{ items: [{ name: 'pv-anew' }, { name: 'pv-kept' }] }] },
        {
          groupResource: 'secrets',
          chunks: [
            { items: [{ name: 'one', namespace: 'pay', target: 'shop' }] },
            { items: [{ name: 'two', namespace: 'pay', target: 'shop' }] },
            { items: [{ name: 'mine', namespace: 'shop', target: 'shop' }] },
          ],
        },
        {
          groupResource: 'persistentvolumeclaims',
          chunks: [{ items: [{ name: 'data', namespace: 'shop', target: 'shop' }] }],
        },
      ],
    }
    const permits = permitsOf(policyOf('rules: [{ user: alice, namespaces: [shop] }]'), alice)
    if (permits === undefined) throw new Error('it has rules')
    const given = { isThere: () => false, spec: {}, home: 'velero', hooked: new Set<string>() }
    const denials = policyDenials(plan, { ...given, inPlace: new Set(['shop/data']) }, permits)
    expect(denialsInWords(denials)).toBe(
      'persistentvolumes (2 items, the first is persistentvolumes/pv-kept); ' +
        'secrets from namespace pay into namespace shop (2 items, the first is secrets/shop/one)',
    )
  })
})

describe('the user of a retry', () => {
  const before = { user: 'alice', groups: ['a', 'b'] }

  it.each([
    [before, before],
    [before, { user: 'alice', groups: ['b'] }],
    [undefined, before],
    [undefined, undefined],
  ])('of %j may be %j', (was, next) => {
    expect(faultOfNextUser(was, next)).toBeUndefined()
  })

  it.each([
    [undefined, 'as no user'],
    [{ user: 'bob', groups: [] }, 'as user "bob"'],
    [{ user: 'alice', groups: ['a', 'c'] }, 'as user "alice" of groups "a", "c"'],
  ])('of one with groups may not be %j', (next, words) => {
    expect(faultOfNextUser(before, next)).toContain(
      `was made as user "alice" of groups "a", "b", and this one would be ${words}`,
    )
  })
})
