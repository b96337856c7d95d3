import { describe, expect, it } from 'vitest'
import { ActionError } from '../../../core/actions/action.ts'
import { prepareItem } from '../../../core/items/prepare-item.ts'
import type { ItemRules } from '../../../core/items/prepare-item.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anAction, anObject, labels, noVolumes, rulesWith } from './builders.ts'

const item = anObject('ConfigMap', 'a', { namespace: 'shop', uid: 'old' }, { data: { key: 'value' } })
const prepare = (
  rules: ItemRules,
  of: Manifest = item,
  groupResource = 'configmaps',
  target: string | undefined = 'shop',
) => prepareItem({ item: of, groupResource, targetNamespace: target }, rules)
const annotated = (object: Manifest, annotations: Record<string, string>) => ({
  ...object,
  metadata: { ...object.metadata, annotations },
})

describe('preparing an item', () => {
  it('refuses one whose kind is of another resource than its folder: the excludes of that one would be walked around', () => {
    const pluralOf = (_version: string, kind: string) => (kind === 'Secret' ? 'secrets' : 'configmaps')
    const secret = anObject('Secret', 'a', { namespace: 'shop' }, { data: { key: 'aHVudGVyMg==' } })
    expect(prepare(rulesWith({ pluralOf }), secret)).toEqual({
      do: 'fail',
      messages: [
        {
          severity: 'error',
          scope: 'namespace:shop',
          text: 'error restoring configmaps/shop/a: its kind Secret is one of secrets, not of its folder',
        },
      ],
      recorded: false,
    })
    expect(prepare(rulesWith({ pluralOf }))).toMatchObject({ do: 'write' })
  })

  it('resets it, puts it into its target namespace and labels it', () => {
    expect(prepare(rulesWith(), item, 'configmaps', 'copy')).toEqual({
      do: 'write',
      object: { ...anObject('ConfigMap', 'a', { namespace: 'copy', labels }), data: { key: 'value' } },
      resource: { group: '', version: 'v1', resource: 'configmaps' },
      groupResource: 'configmaps',
      status: undefined,
      companions: [],
      messages: [],
      neverEqual: false,
    })
  })

  it('goes through reset, actions, modifiers, target namespace and labels in this order', () => {
    const seen: Record<string, unknown> = {}
    const note = (step: string, object: Manifest) =>
      (seen[step] = [object.metadata.uid, object.metadata.namespace, object.metadata.labels, object['data']])
    const action = anAction(({ item: at }) => {
      note('action', at)
      return { item: { ...at, data: { key: 'acted' } } }
    })
    const modify = (at: Manifest) => {
      note('modifier', at)
      return { item: { ...at, data: { key: 'modified' } }, errors: [] }
    }
    const prepared = prepare(rulesWith({ actions: [action], modify }), item, 'configmaps', 'copy')
    expect(seen).toEqual({
      action: [undefined, 'shop', undefined, { key: 'value' }],
      modifier: [undefined, 'shop', undefined, { key: 'acted' }],
    })
    expect(prepared).toMatchObject({ object: { metadata: { namespace: 'copy', labels }, data: { key: 'modified' } } })
  })

  it('gives actions the item as it was backed up beside the one the last action left', () => {
    const first = anAction(({ item: at }) => ({ item: annotated(at, { seen: 'yes' }) }))
    const second = anAction(({ item: at, itemFromBackup }) => {
      expect(itemFromBackup).toBe(item)
      expect(at.metadata.annotations).toEqual({ seen: 'yes' })
      return { item: at }
    })
    expect(prepare(rulesWith({ actions: [first, second] }))).toMatchObject({ do: 'write' })
  })

  it('runs only the actions for its resource, and those that ask for a label only where it is there', () => {
    const never = () => {
      throw new Error('not for this item')
    }
    const actions = [anAction(never, { appliesTo: ['pods'] }), anAction(never, { requiresLabel: 'x' })]
    expect(prepare(rulesWith({ actions }))).toMatchObject({ do: 'write' })
  })

  it('does not change the item it was given', () => {
    const before = structuredClone(item)
    prepare(rulesWith({ modify: (at) => ({ item: { ...at, data: {} }, errors: [] }) }), item, 'configmaps', 'copy')
    expect(item).toEqual(before)
  })

  it('keeps the status aside for a later write', () => {
    const prepared = prepare(rulesWith(), { ...item, status: { ready: 1 } })
    expect(prepared).toMatchObject({ status: { ready: 1 } })
    expect(prepared).not.toHaveProperty('object.status')
  })
})

describe('an action', () => {
  it.each(['true', 'false', ''])('says with its annotation of value "%s" what never reaches the cluster', (value) => {
    const mark = 'restore.velero.io/must-include-additional-items'
    const next = anAction(({ item: at }) => {
      expect(at.metadata.annotations).toEqual({ own: '1' })
      return { item: at }
    })
    const action = anAction(({ item: at }) => ({ item: annotated(at, { [mark]: value, own: '1' }) }))
    expect(prepare(rulesWith({ actions: [action, next] }))).toMatchObject({
      object: { metadata: { annotations: { own: '1' } } },
    })
  })

  it("that fails makes the item fail in Velero's words, gRPC's included", () => {
    const action = anAction(() => {
      throw new ActionError(
        'error getting storage class newsc from API: storageclasses.storage.k8s.io "newsc" not found',
      )
    })
    expect(prepare(rulesWith({ actions: [action] }), item, 'configmaps', 'copy')).toEqual({
      do: 'fail',
      recorded: true,
      messages: [
        {
          severity: 'error',
          scope: 'namespace:copy',
          text: 'error preparing configmaps/copy/a: rpc error: code = Unknown desc = error getting storage class newsc from API: storageclasses.storage.k8s.io "newsc" not found',
        },
      ],
    })
  })

  it('that breaks gives one clear error without a stack trace', () => {
    const action = anAction(({ item: at }) => ({ item: (at['spec'] as { x: { y: Manifest } }).x.y }))
    const prepared = prepare(rulesWith({ actions: [action] }))
    expect(prepared).toMatchObject({ do: 'fail', messages: [{ severity: 'error' }] })
    expect(JSON.stringify(prepared)).toContain('test/action cannot handle this item: a field has an unexpected type')
    expect(JSON.stringify(prepared)).not.toMatch(/ at |\.ts:/)
  })

  it('that discards the item ends the way, but for what it wants beside it', () => {
    const companion = { resource: { group: '', version: 'v1', resource: 'secrets' }, manifest: anObject('Secret', 's') }
    const discard = anAction(({ item: at }) => ({ item: at, skip: true, companions: [companion], operationId: 'dd-1' }))
    const after = anAction(() => {
      throw new Error('not reached')
    })
    expect(prepare(rulesWith({ actions: [discard, after] }))).toEqual({
      do: 'skip',
      because: 'test/action discarded it',
      companions: [companion],
      operation: { action: 'test/action', operationId: 'dd-1' },
      messages: [],
    })
  })

  it('may make another kind of it, whose plural the cluster knows', () => {
    const action = anAction(({ item: at }) => ({ item: { ...at, apiVersion: 'apps/v1', kind: 'Deployment' } }))
    const pluralOf = (apiVersion: string) => (apiVersion === 'apps/v1' ? 'deployments' : undefined)
    expect(prepare(rulesWith({ actions: [action], pluralOf }))).toMatchObject({ groupResource: 'deployments.apps' })
    expect(prepare(rulesWith({ actions: [action] }))).toMatchObject({
      do: 'fail',
      messages: [{ text: 'error getting GVR for apps/v1, Kind=Deployment: no match for kind "Deployment"' }],
    })
  })

  it('of those that Velero passes through a Go struct makes the item unequal to whatever stands there', () => {
    const action = anAction(({ item: at }) => ({ item: at }), { convertsThroughStruct: () => true })
    const other = anAction(({ item: at }) => ({ item: at }), { convertsThroughStruct: () => false })
    expect(prepare(rulesWith({ actions: [action, other] }))).toMatchObject({ neverEqual: true })
    expect(prepare(rulesWith({ actions: [other] }))).toMatchObject({ neverEqual: false })
  })
})

describe('modifiers', () => {
  it('do not stop the item: their errors go along with it', () => {
    const modify = (at: Manifest) => ({ item: at, errors: ['modifier: no such path'] })
    expect(prepare(rulesWith({ modify }))).toMatchObject({
      do: 'write',
      messages: [{ severity: 'error', scope: 'namespace:shop', text: 'modifier: no such path' }],
    })
  })
})

describe('an item that is not written', () => {
  it('is a pod that is over: it does not even stand in the list', () => {
    const pod = anObject('Pod', 'p', { namespace: 'shop' }, { status: { phase: 'Succeeded' } })
    expect(prepare(rulesWith(), pod, 'pods')).toMatchObject({ do: 'omit' })
  })

  it('is a mirror pod: skipped', () => {
    const pod = anObject('Pod', 'p', { annotations: { 'kubernetes.io/config.mirror': 'x' } })
    expect(prepare(rulesWith(), pod, 'pods')).toMatchObject({ do: 'skip' })
  })

  it('is one whose completion cannot be read: an error that is not listed', () => {
    const pod = anObject('Pod', 'p', { namespace: 'shop' }, { status: { phase: 3 } })
    expect(prepare(rulesWith(), pod, 'pods')).toEqual({
      do: 'fail',
      recorded: false,
      messages: [
        {
          severity: 'error',
          scope: 'namespace:shop',
          text: 'error checking completion of "pods/shop/p": .status.phase accessor error: 3 is of the type int64, expected string',
        },
      ],
    })
  })
})

describe('volumes', () => {
  const volume = (policy: string) =>
    anObject(
      'PersistentVolume',
      'pv',
      {},
      {
        spec: { persistentVolumeReclaimPolicy: policy, claimRef: { namespace: 'shop', name: 'c', uid: 'x' } },
      },
    )
  const native = {
    ...noVolumes,
    infos: { pv: { pvName: 'pv', backupMethod: 'NativeSnapshot' } },
  } as ItemRules['volumes']
  const pv = (rules: ItemRules, policy = 'Retain') =>
    prepareItem({ item: volume(policy), groupResource: 'persistentvolumes', targetNamespace: undefined }, rules)

  it('that get provisioned anew are skipped', () => {
    expect(pv(rulesWith(), 'Delete')).toMatchObject({ do: 'skip' })
  })

  it('that are kept point to their claim in its new namespace', () => {
    const spec = { namespaceMapping: { shop: 'copy' } }
    expect(pv(rulesWith({ spec }))).toMatchObject({
      do: 'write',
      object: { spec: { claimRef: { namespace: 'copy', name: 'c' } } },
    })
  })

  it('that have a native snapshot are written as their plugin has made them, or fail', () => {
    const made = (result: { item: Manifest } | { problem: string }) =>
      prepareItem(
        { item: volume('Retain'), groupResource: 'persistentvolumes', targetNamespace: undefined, native: result },
        rulesWith({ volumes: native }),
      )
    const item = { ...volume('Retain'), spec: { made: true } }
    expect(made({ item })).toMatchObject({ do: 'write', object: { spec: { made: true } } })
    expect(made({ problem: 'no cloud' })).toMatchObject({
      do: 'fail',
      messages: [{ scope: 'cluster', text: 'no cloud' }],
    })
  })

  it('with another name are named so in their claims', () => {
    const item = anObject('PersistentVolumeClaim', 'c', { namespace: 'shop' }, { spec: { volumeName: 'pv', x: 1 } })
    const prepared = prepareItem(
      { item, groupResource: 'persistentvolumeclaims', targetNamespace: 'shop', volumeName: 'clone' },
      rulesWith(),
    )
    expect(prepared).toHaveProperty('object.spec', { volumeName: 'clone', x: 1 })
  })

  it('are taken off their claims after the actions', () => {
    const claim = anObject('PersistentVolumeClaim', 'c', { namespace: 'shop' }, { spec: { volumeName: 'pv', x: 1 } })
    const action = anAction(({ item: at }) => ({ item: at }), { appliesTo: ['persistentvolumeclaims'] })
    const rules = rulesWith({ actions: [action], provisioned: new Set(['pv']) })
    expect(prepare(rules, claim, 'persistentvolumeclaims')).toHaveProperty('object.spec', { x: 1 })
  })
})

describe('an item without a name', () => {
  const nameless = (uid: string, original: string) => {
    const modify = (at: Manifest) => {
      const { name: _name, ...metadata } = at.metadata
      return { item: { ...at, metadata: { ...metadata, generateName: 'again-' } } as Manifest, errors: [] }
    }
    const rules = rulesWith({ modify })
    const restore = { ...rules.restore, uid }
    const prepared = prepare({ ...rules, restore }, anObject('ConfigMap', original, { namespace: 'shop' }))
    return prepared.do === 'write' ? prepared.object.metadata.name : prepared.do
  }

  it('gets one from generateName: the same at each attempt, another for each item and each restore', () => {
    const name = nameless('one', 'a')
    expect(name).toMatch(/^again-[bcdfghjklmnpqrstvwxz2456789]{10}$/)
    expect(nameless('one', 'a')).toBe(name)
    expect(nameless('one', 'b')).not.toBe(name)
    expect(nameless('two', 'a')).not.toBe(name)
  })
})
