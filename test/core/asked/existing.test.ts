import { describe, expect, it } from 'vitest'
import { annotationFaults, askedBy } from '../../../core/asked/annotations.ts'
import { existingPolicyFor, resolveExisting } from '../../../core/asked/existing.ts'

const name = 'drydock.io/existing'
const rulesOf = (value: string) => askedBy({ [name]: value }).existing ?? []

describe('the annotation for objects that exist', () => {
  it.each([
    [' , ', /it names no policy$/],
    ['replace', /it takes a policy, or <resource>=<policy> with commas between them$/],
    ['recreate,fail', /it takes a policy, or <resource>=<policy>/],
    ['jobs=', /it takes a policy, or/],
    ['jobs=replace', /"replace" is no policy: it may be none, update, recreate, fail$/],
    ['jobs=fail,jobs=recreate', /"jobs" has two policies$/],
    ['ns=fail', /namespaces take no policy: one that exists is restored into$/],
    ['namespaces=recreate', /namespaces take no policy/],
    ['crd=recreate', /customresourcedefinitions are not recreated: with the object would go all objects of its kind$/],
    ['persistentvolumes=recreate', /persistentvolumes are not recreated: with the object would go its data$/],
    ['*=fail,pvc=recreate', /persistentvolumeclaims are not recreated: with the object would go its data$/],
    ['apiservices.apiregistration.k8s.io=recreate', /apiservices are not recreated/],
    ['volumesnapshots=recreate', /volumesnapshots are not recreated: with the object would go its data$/],
    ['vsc=recreate', /volumesnapshotcontents are not recreated: with the object would go its data$/],
    ['a=fail,'.repeat(1001), /it has 1001 entries, and may have 1000$/],
  ])('is refused with %s', (value, sentence) => {
    const faults = annotationFaults({ [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults[0]).toMatch(/^annotation drydock\.io\/existing is "/)
    expect(faults[0]).toMatch(sentence)
  })

  it.each(['recreate', '*=fail', 'fail'])('contradicts a policy of the spec with %s', (value) => {
    expect(annotationFaults({ [name]: value }, { existingResourcePolicy: 'update' })[0]).toMatch(
      /it has a policy for all resources, and so has spec.existingResourcePolicy \("update"\): leave one out$/,
    )
    expect(annotationFaults({ [name]: value }, { existingResourcePolicy: '' })).toEqual([])
    expect(annotationFaults({ [name]: value })).toEqual([])
  })

  it('stands beside a policy of the spec where it names resources', () => {
    expect(annotationFaults({ [name]: 'jobs=recreate' }, { existingResourcePolicy: 'update' })).toEqual([])
  })

  it('is a policy for all, or for some resources and the rest', () => {
    expect(rulesOf('recreate')).toEqual([{ resource: '*', policy: 'recreate' }])
    expect(rulesOf(' deploy = recreate , *=fail')).toEqual([
      { resource: 'deploy', policy: 'recreate' },
      { resource: '*', policy: 'fail' },
    ])
  })
})

describe('the words for resources in it', () => {
  const known: Record<string, string> = { deploy: 'deployments.apps', deployments: 'deployments.apps' }
  const resolve = (word: string) => known[word]

  it('become full names', () => {
    expect(resolveExisting(rulesOf('deploy=recreate,*=fail'), resolve)).toEqual({
      rules: [
        { resource: 'deployments.apps', policy: 'recreate' },
        { resource: '*', policy: 'fail' },
      ],
    })
  })

  it.each([
    ['widgets=fail', 'it names "widgets", which neither the cluster nor the backup has'],
    ['deploy=fail,deployments=recreate', '"deploy" and "deployments" are both deployments.apps: name it once'],
  ])('are an error in %s', (value, error) => {
    expect(resolveExisting(rulesOf(value), resolve)).toEqual({ error })
  })
})

describe('the policy for an object', () => {
  const rules = rulesOf('configmaps=update,*=recreate')
  const policies = { rules, fallback: 'spec', home: 'velero' }
  const policyOf = (groupResource: string, of = 'a', target?: string) =>
    existingPolicyFor({ groupResource, name: of, target }, policies)

  it('is that of its resource, else that of all', () => {
    expect(policyOf('configmaps')).toBe('update')
    expect(policyOf('secrets')).toBe('recreate')
    expect(existingPolicyFor({ groupResource: 'secrets', name: 'a' }, { ...policies, rules: [] })).toBe('spec')
  })

  it.each([
    ['persistentvolumeclaims', 'a'],
    ['persistentvolumes', 'a'],
    ['customresourcedefinitions.apiextensions.k8s.io', 'a'],
    ['volumesnapshots.snapshot.storage.k8s.io', 'a'],
    ['volumesnapshotcontents.snapshot.storage.k8s.io', 'a'],
    ['clusterroles.rbac.authorization.k8s.io', 'drydock'],
    ['clusterrolebindings.rbac.authorization.k8s.io', 'drydock'],
    ['serviceaccounts', 'default'],
    ['configmaps', 'kube-root-ca.crt'],
    ['endpoints', 'a'],
  ])('is that of the spec for %s %s, which is never recreated', (groupResource, of) => {
    expect(policyOf(groupResource, of)).toBe('spec')
  })

  it.each(['clusterroles.rbac.authorization.k8s.io', 'clusterrolebindings.rbac.authorization.k8s.io'])(
    'is recreate for %s where they are named',
    (groupResource) => {
      const named = { ...policies, rules: rulesOf(`${groupResource}=recreate`) }
      expect(existingPolicyFor({ groupResource, name: 'a' }, named)).toBe('recreate')
    },
  )

  it('is none in the namespace of the Restore in place of recreate, which would delete what restores', () => {
    expect(policyOf('deployments.apps', 'drydock', 'velero')).toBe('none')
    expect(policyOf('deployments.apps', 'drydock', 'shop')).toBe('recreate')
    expect(policyOf('configmaps', 'a', 'velero')).toBe('update')
  })
})
