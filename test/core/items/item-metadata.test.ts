import { describe, expect, it } from 'vitest'
import { mergeServiceAccount } from '../../../core/items/decide-existing.ts'
import { itemKey, listedName, parseItemKey, scopeOf } from '../../../core/items/outcome.ts'
import { resetMetadataAndStatus, restoreLabels, restoresStatus } from '../../../core/items/item-metadata.ts'
import { skipReason } from '../../../core/items/skip-rules.ts'
import { convertsThroughStruct } from '../../../core/items/struct-noise.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from './builders.ts'

describe('items that are not written', () => {
  const pod = (status: object | undefined, annotations?: Record<string, string>) =>
    anObject('Pod', 'p', annotations ? { annotations } : {}, status ? { status } : {})
  const job = (status: object) => anObject('Job', 'j', {}, { status })

  it.each<[string, Manifest, string, string | undefined]>([
    ['a pod that succeeded', pod({ phase: 'Succeeded' }), 'pods', 'omit'],
    ['a pod that failed', pod({ phase: 'Failed' }), 'pods', 'omit'],
    ['a pod that runs', pod({ phase: 'Running' }), 'pods', undefined],
    ['a pod without status', pod(undefined), 'pods', undefined],
    ['a mirror pod', pod({ phase: 'Running' }, { 'kubernetes.io/config.mirror': 'x' }), 'pods', 'skip'],
    ['a pod with an empty mirror annotation', pod({}, { 'kubernetes.io/config.mirror': '' }), 'pods', undefined],
    ['a mirror pod that is over', pod({ phase: 'Failed' }, { 'kubernetes.io/config.mirror': 'x' }), 'pods', 'omit'],
    ['a pod of a phase that is a list', pod({ phase: [] }), 'pods', 'fail'],
    ['a job that is complete', job({ completionTime: '2026-01-01T00:00:00Z' }), 'jobs.batch', 'omit'],
    ['a job with an empty time', job({ completionTime: '' }), 'jobs.batch', undefined],
    ['a job with null for a time', job({ completionTime: null }), 'jobs.batch', undefined],
    ['a job with a number for a time', job({ completionTime: 1.5 }), 'jobs.batch', 'fail'],
    ['something else with phase Failed', pod({ phase: 'Failed' }), 'restores.velero.io', undefined],
    ['jobs of another group', job({ completionTime: 'x' }), 'jobs.example.com', undefined],
  ])('%s', (_what, item, groupResource, decision) => {
    expect(skipReason(item, groupResource)?.do).toBe(decision)
  })
})

describe('resetting metadata', () => {
  it('takes away what the old cluster set, and the status; the rest stays', () => {
    const item = anObject(
      'ConfigMap',
      'a',
      {
        generateName: 'a-',
        selfLink: '/x',
        uid: 'u',
        resourceVersion: '1',
        generation: 2,
        creationTimestamp: 't',
        deletionTimestamp: 't',
        deletionGracePeriodSeconds: 3,
        ownerReferences: [],
        finalizers: ['f'],
        labels: { a: '1' },
        annotations: { b: '2' },
        managedFields: [{ manager: 'm' }],
      },
      { status: {}, data: {} },
    )
    expect(resetMetadataAndStatus(item)).toEqual({
      ...anObject('ConfigMap', 'a', {
        finalizers: ['f'],
        labels: { a: '1' },
        annotations: { b: '2' },
        managedFields: [{ manager: 'm' }],
      }),
      data: {},
    })
  })

  it.each([undefined, null, 'x'])('is not possible where metadata is %s', (metadata) => {
    expect(resetMetadataAndStatus({ kind: 'A', apiVersion: 'v1', metadata } as unknown as Manifest)).toBeUndefined()
  })
})

describe('restoring status', () => {
  const filter = { shouldInclude: (groupResource: string) => groupResource === 'jobs.batch' }
  const own = (value: string) => anObject('Job', 'j', { annotations: { 'velero.io/restore-status': value } })

  it.each<[string, Manifest, typeof filter | undefined, string, boolean]>([
    ['no filter', anObject('Job', 'j'), undefined, 'jobs.batch', false],
    ['a filter that includes it', anObject('Job', 'j'), filter, 'jobs.batch', true],
    ['a filter that does not', anObject('Job', 'j'), filter, 'pods', false],
    ['an annotation against the filter', own('false'), filter, 'jobs.batch', false],
    ['an annotation without a filter', own(' True '), undefined, 'pods', true],
    ['an annotation that says nothing', own('yes'), filter, 'jobs.batch', true],
  ])('%s', (_what, object, given, groupResource, restored) => {
    expect(restoresStatus(object, groupResource, given)).toBe(restored)
  })
})

describe('merging a ServiceAccount', () => {
  it('adds what is new and keeps what is there', () => {
    const live = anObject('ServiceAccount', 's', { labels: { a: 'live' } }, { secrets: [{ name: 'one' }] })
    const backedUp = anObject(
      'ServiceAccount',
      's',
      { labels: { a: 'old', b: 'old' }, annotations: { c: 'old' } },
      { secrets: [{ name: 'one' }, { name: 'two' }], imagePullSecrets: [{ name: 'hub' }] },
    )
    expect(mergeServiceAccount(live, backedUp)).toEqual(
      anObject(
        'ServiceAccount',
        's',
        { labels: { a: 'live', b: 'old' }, annotations: { c: 'old' } },
        { secrets: [{ name: 'one' }, { name: 'two' }], imagePullSecrets: [{ name: 'hub' }] },
      ),
    )
  })

  it('of two bare ones adds no empty fields', () => {
    expect(mergeServiceAccount(anObject('ServiceAccount', 's'), anObject('ServiceAccount', 's'))).toEqual(
      anObject('ServiceAccount', 's'),
    )
  })
})

describe('names of items', () => {
  it('have a key that can be read back, colons and dots in names included', () => {
    const item = { groupResource: 'clusterroles.rbac.authorization.k8s.io', name: 'system:node|x' }
    expect(parseItemKey(itemKey(item))).toEqual(item)
    expect(parseItemKey(itemKey({ ...item, namespace: 'shop' }))).toEqual({ ...item, namespace: 'shop' })
    expect(parseItemKey('finalize/patch-volumes')).toBeUndefined()
  })

  it('stand under their namespace, or the cluster', () => {
    expect([scopeOf('shop'), scopeOf(''), scopeOf(undefined)]).toEqual(['namespace:shop', 'cluster', 'cluster'])
    expect([listedName('shop', 'a'), listedName(undefined, 'a')]).toEqual(['shop/a', 'a'])
  })

  it('become label values of at most 63 characters', () => {
    const made = restoreLabels({ name: 'r'.repeat(70), backupName: 'b' })
    expect(made['velero.io/restore-name']).toHaveLength(63)
    expect(made['velero.io/backup-name']).toBe('b')
  })
})

describe('items that Velero passes through a Go struct', () => {
  const secret = (type: string) => ({ ...anObject('Secret', 's'), type })
  it.each<[string, Manifest, object, boolean]>([
    ['velero.io/pod', anObject('Pod', 'p'), {}, true],
    ['velero.io/role-bindings', anObject('RoleBinding', 'r'), {}, false],
    ['velero.io/role-bindings', anObject('RoleBinding', 'r'), { namespaceMapping: { a: 'b' } }, true],
    ['velero.io/secret', secret('Opaque'), {}, false],
    ['velero.io/secret', secret('kubernetes.io/service-account-token'), {}, true],
    ['velero.io/crd-preserve-fields', { ...anObject('C', 'c'), apiVersion: 'apiextensions.k8s.io/v1' }, {}, true],
    ['velero.io/change-image-name', anObject('Pod', 'p'), {}, false],
  ])('by %s: %#', (action, item, spec, converts) => {
    expect(convertsThroughStruct(action, item, spec)).toBe(converts)
  })
})
