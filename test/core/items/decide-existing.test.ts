import { describe, expect, it } from 'vitest'
import { decideExisting, mergeServiceAccount } from '../../../core/items/decide-existing.ts'
import type { ExistingFacts } from '../../../core/items/decide-existing.ts'
import { withLabels } from '../../../core/items/item-manifest.ts'
import { anObject, labels } from './builders.ts'

const data = (value: string) => ({ data: { key: value } })
const wanted = withLabels(anObject('ConfigMap', 'a', { namespace: 'shop' }, data('new')), labels)
const standing = (value: string, more: object = {}) =>
  anObject(
    'ConfigMap',
    'a',
    { namespace: 'shop', uid: 'u', resourceVersion: '7', creationTimestamp: 't', ...more },
    data(value),
  )

function decide(facts: Partial<ExistingFacts>) {
  return decideExisting({
    live: standing('new'),
    object: wanted,
    groupResource: 'configmaps',
    targetNamespace: 'shop',
    policy: undefined,
    labels,
    manager: 'drydock-u',
    neverEqual: false,
    ...facts,
  })
}

describe('an object that stood there, equal to the one wanted', () => {
  it.each([undefined, '', 'none'])('is left alone and skipped under policy %s', (policy) => {
    expect(decide({ policy })).toEqual({ do: 'leave', action: 'skipped', messages: [] })
  })

  it('gets the two labels and is still called skipped under policy update; a refusal is an error then', () => {
    const patch = { metadata: { labels } }
    expect(decide({ policy: 'update' })).toEqual({ do: 'patch', patch, action: 'skipped', refusalIsError: true })
  })

  it('is equal although uid, version, time, status and the labels of another restore differ', () => {
    const live = { ...standing('new', { labels: { 'velero.io/restore-name': 'other' } }), status: { x: 1 } }
    expect(decide({ live })).toMatchObject({ action: 'skipped' })
  })

  it('is different all the same where Velero would never find it equal', () => {
    expect(decide({ neverEqual: true })).toMatchObject({ do: 'leave', action: 'failed' })
  })
})

describe('an object that stood there, under the policy recreate', () => {
  const policy = 'recreate'
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' }

  it('stays where it is equal but for the owners of its fields, and gets the two labels', () => {
    const decision = { do: 'patch', patch: { metadata: { labels } }, action: 'skipped', refusalIsError: true }
    const live = standing('new', { managedFields: [{ manager: 'somebody' }] })
    expect(decide({ policy })).toEqual(decision)
    expect(decide({ policy, live, neverEqual: true })).toMatchObject({ do: 'patch', action: 'skipped' })
  })

  it.each([
    ['differs', standing('old')],
    ['differs and is being deleted', standing('old', going)],
    ['is equal and is being deleted', standing('new', going)],
  ])('makes room where it %s', (_how, live) => {
    expect(decide({ policy, live })).toEqual({ do: 'recreate' })
    expect(decide({ policy, live, deleted: 'u' })).toEqual({ do: 'recreate' })
  })

  it('makes room also where it is a ServiceAccount, which is merged otherwise', () => {
    expect(decide({ policy, live: standing('old'), groupResource: 'serviceaccounts' })).toEqual({ do: 'recreate' })
  })

  it('stays with the plain warning where a controller owns it, which would make another one', () => {
    const owner = { apiVersion: 'v1', kind: 'A', name: 'a', uid: 'a' }
    const owned = (controller: boolean) => standing('old', { ownerReferences: [{ ...owner, controller }] })
    expect(decide({ policy, live: owned(true) })).toMatchObject({ do: 'leave', messages: [{ severity: 'warning' }] })
    expect(decide({ policy, live: owned(true), deleted: 'u' })).toEqual({ do: 'recreate' })
    expect(decide({ policy, live: owned(false) })).toEqual({ do: 'recreate' })
  })

  it('stays with the plain warning where others made it after this restore had deleted the one before', () => {
    expect(decide({ policy, live: standing('old'), deleted: 'before' })).toMatchObject({
      do: 'leave',
      messages: [{ severity: 'warning', text: expect.stringContaining('already exists. Warning: the in-cluster') }],
    })
  })
})

describe('an object that stood there, under the policy fail', () => {
  it.each(['new', 'old'])('is an error, whether it is equal or not: %s', (value) => {
    expect(decide({ policy: 'fail', live: standing(value) })).toEqual({
      do: 'leave',
      action: 'failed',
      messages: [
        {
          severity: 'error',
          scope: 'namespace:shop',
          text: 'could not restore, ConfigMap "a" already exists, and annotation drydock.io/existing says fail',
        },
      ],
    })
  })
})

describe('an object that stood there and differs', () => {
  const live = standing('old')

  it.each([undefined, 'none'])('is listed as skipped after v1.18, under policy %s', (policy) => {
    expect(decide({ live, policy, api: 'next' })).toMatchObject({ do: 'leave', action: 'skipped' })
    expect(decide({ live, policy })).toMatchObject({ do: 'leave', action: 'failed' })
  })

  it.each([
    [undefined, 'could not restore, ConfigMap:a already exists. '],
    ['', 'could not restore, ConfigMap:a already exists. '],
    ['none', 'could not restore, ConfigMap "a" already exists. '],
    ['whatever', 'could not restore, ConfigMap "a" already exists. '],
  ])('is left with a warning under policy %s', (policy, words) => {
    const text = `${words}Warning: the in-cluster version is different than the backed-up version`
    expect(decide({ live, policy })).toEqual({
      do: 'leave',
      action: 'failed',
      messages: [{ severity: 'warning', scope: 'namespace:shop', text }],
    })
  })

  it('is warned of under the cluster where it has no namespace', () => {
    expect(decide({ live, targetNamespace: undefined })).toMatchObject({ messages: [{ scope: 'cluster' }] })
  })

  it('is patched under policy update, and gets the labels alone where that is refused', () => {
    expect(decide({ live, policy: 'update' })).toEqual({
      do: 'patch',
      patch: { metadata: { labels }, data: { key: 'new' } },
      action: 'updated',
      relabel: { metadata: { labels } },
      refusalIsError: false,
    })
  })

  it('loses under policy update what the backup does not have', () => {
    const more = { ...live, binaryData: { x: 'eA==' } }
    expect(decide({ live: more, policy: 'update' })).toMatchObject({ patch: { binaryData: null } })
  })
})

describe('a ServiceAccount that stood there', () => {
  const account = (more: object = {}, fields: object = {}) =>
    anObject('ServiceAccount', 'default', { namespace: 'shop', ...more }, fields)
  const object = withLabels(account({ annotations: { a: '1' } }, { imagePullSecrets: [{ name: 'hub' }] }), labels)

  it.each([undefined, 'none', 'update'])('gets what it lacks under policy %s', (policy) => {
    const decision = decide({ live: account(), object, groupResource: 'serviceaccounts', policy })
    expect(decision).toMatchObject({
      do: 'patch',
      patch: { imagePullSecrets: [{ name: 'hub' }], metadata: { annotations: { a: '1' } } },
      action: 'updated',
      refusalIsError: false,
    })
    expect('relabel' in decision).toBe(policy === 'update')
  })

  it('is skipped where it lacks nothing', () => {
    const live = account({ annotations: { a: '2', b: '3' } }, { imagePullSecrets: [{ name: 'own' }, { name: 'hub' }] })
    expect(decide({ live, object, groupResource: 'serviceaccounts' })).toEqual({
      do: 'leave',
      action: 'skipped',
      messages: [],
    })
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

describe('an object that an earlier attempt of this restore has patched', () => {
  const owners = (manager: string) => [{ manager, operation: 'Update', apiVersion: 'v1' }]
  const object = { ...wanted, metadata: { ...wanted.metadata, managedFields: owners('kubectl') } }
  const patched = (more: object = {}) => ({
    ...standing('new', { labels, managedFields: owners('drydock-u') }),
    ...more,
  })

  it('counts as updated and is not patched again where only the owners of fields differ', () => {
    const decision = decide({ policy: 'update', object, live: patched() })
    expect(decision).toEqual({ do: 'leave', action: 'updated', messages: [] })
  })

  it('is patched again where more differs, as after a patch that was refused but for the labels', () => {
    expect(decide({ policy: 'update', object, live: patched(data('old')) })).toMatchObject({
      do: 'patch',
      action: 'updated',
    })
  })

  it('counts as updated where it is a ServiceAccount that lacks nothing any more', () => {
    const account = (more: object) =>
      anObject('ServiceAccount', 'a', { namespace: 'shop', ...more }, { secrets: [{ name: 's' }] })
    const facts = { object: withLabels(account({}), labels), groupResource: 'serviceaccounts' }
    const live = (manager: string) => account({ uid: 'u', labels, managedFields: owners(manager) })
    expect(decide({ ...facts, live: live('drydock-u') })).toMatchObject({ do: 'leave', action: 'updated' })
    expect(decide({ ...facts, live: live('other') })).toMatchObject({ do: 'leave', action: 'skipped' })
  })

  it('is patched where another restore has patched it', () => {
    const live = standing('new', { labels, managedFields: owners('drydock-other') })
    expect(decide({ policy: 'update', object, live })).toMatchObject({ do: 'patch', action: 'updated' })
  })
})
