import { CancelledFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { NotYet } from '../../../activities/items/item-tools.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { changeStorageClass } from '../../../core/actions/claims.ts'
import { restoreNameLabel } from '../../../velero/labels.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { labels, noFacts, rulesWith } from '../../core/items/builders.ts'
import { owners, prices, target, restoring, outcomeOf, placeOther, refusing, apiError } from './restoring.ts'
const update = { policyFor: () => 'update' }

describe('an item that is not in the cluster', () => {
  it('is created as backed up, with the labels of the restore and the owners of the backup', async () => {
    const { world, restore } = restoring(JSON.stringify(prices))
    const outcome = await outcomeOf(await restore())
    const live = world.cluster.look(target)
    expect(live).toMatchObject({ data: { price: '3' }, metadata: { labels, managedFields: owners } })
    expect(outcome).toMatchObject({
      key: 'configmaps|shop|prices',
      action: 'created',
      listed: { kind: 'v1/ConfigMap', name: 'shop/prices' },
      object: { ...target, uid: live?.metadata.uid },
      messages: [],
    })
  })

  it('gets its owners from the next attempt where the first one died after its create', async () => {
    const away = apiError(503, 'ServiceUnavailable', 'try again')
    const { world, restore } = restoring(JSON.stringify(prices), {}, refusing('patch', away))
    expect(await restore()).toMatchObject({ trouble: { kind: 'passing', thrown: away } })
    expect(world.cluster.look(target)?.metadata.managedFields).not.toEqual(owners)
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'created', messages: [] })
    expect(world.cluster.look(target)?.metadata.managedFields).toEqual(owners)
  })

  it('stands, with its error, where a later step is given up', async () => {
    const late = new ApiError({ code: 504, reason: 'Timeout', message: 'Timeout: not in time', outOfTime: true })
    const { world, restore } = restoring(JSON.stringify(prices), {}, refusing('patch', late))
    const uid = () => world.cluster.look(target)?.metadata.uid
    const step = await restore()
    expect(step).toMatchObject({
      trouble: {
        kind: 'slow',
        thrown: late,
        outcome: {
          action: 'created',
          object: { name: 'prices', uid: uid() },
          messages: [{ severity: 'error', text: 'Timeout: not in time' }],
        },
      },
    })
  })

  it.each([
    { reason: 'CANCELLED', said: 'is listed as created where the restore is cancelled after its create' },
    { reason: 'WORKER_SHUTDOWN', said: 'is left to the next attempt where only the worker stops then' },
  ])('$said', async ({ reason }) => {
    const stop = new AbortController()
    const stopped = new CancelledFailure(reason)
    const { tools, restore } = restoring(JSON.stringify(prices), {}, (cluster) => ({
      ...cluster,
      patch: () => {
        stop.abort(stopped)
        return Promise.reject(stopped)
      },
    }))
    tools.attempt.signal = stop.signal
    if (reason !== 'CANCELLED') return await expect(restore()).rejects.toBe(stopped)
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'created',
      object: target,
      messages: [{ severity: 'warning', text: expect.stringContaining('configmaps/shop/prices was created') }],
    })
  })

  it('is failed, in the words of Velero, where the API server refuses it', async () => {
    const denied = apiError(403, 'Forbidden', 'configmaps "prices" is forbidden: denied by policy')
    const { restore } = restoring(JSON.stringify(prices), {}, refusing('create', denied))
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'failed',
      messages: [{ severity: 'error', text: `error restoring configmaps/shop/prices: ${denied.message}` }],
    })
  })

  it('is left to another attempt of the chunk where this worker has no Lease', async () => {
    const thrown = apiError(0, 'NoLease', 'this worker may not write')
    const { restore } = restoring(JSON.stringify(prices), {}, refusing('create', thrown))
    await expect(restore()).rejects.toBe(thrown)
  })

  it.each([
    ['no answer', 'passing', apiError(0, 'Unreachable', 'no route')],
    ['a busy server', 'passing', apiError(429, 'TooManyRequests', 'later')],
    ['a quota that two servers count', 'passing', apiError(409, 'Conflict', 'Operation cannot be fulfilled on quotas')],
    ['no namespace', 'missing', apiError(404, 'NotFound', 'namespaces "shop" not found')],
    ['a webhook that is away', 'backend', apiError(500, 'InternalError', 'failed calling webhook "a": refused')],
  ] as const)('is to be tried again: %s', async (_what, kind, thrown) => {
    const { restore } = restoring(JSON.stringify(prices), {}, refusing('create', thrown))
    expect(await restore()).toMatchObject({
      trouble: { kind, outcome: { action: 'failed', messages: [{ text: expect.stringContaining(thrown.message) }] } },
    })
  })

  it('is one error where Drydock cannot process its manifest, and its name is told', async () => {
    const strange = { ...prices, metadata: { ...prices.metadata, managedFields: [null] } }
    const { restore } = restoring(JSON.stringify(strange))
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'failed',
      messages: [{ severity: 'error', text: expect.stringMatching(/^error restoring configmaps\/shop\/prices: /) }],
    })
    const broken = restoring(JSON.stringify(prices), {
      readItem: () => Promise.reject(new TypeError('a fault\nof the program')),
    })
    expect(await outcomeOf(await broken.restore())).toMatchObject({
      action: 'failed',
      messages: [
        { text: expect.stringMatching(/^error restoring configmaps\/shop\/prices: .* \(a field holds a value/) },
      ],
    })
  })

  it('is refused where its folder says another group, past which an exclude would not see it', async () => {
    const role = { ...prices, apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRoleBinding' }
    const { world, restore } = restoring(JSON.stringify(role))
    const step = await restore('clusterrolebindings.x', { name: 'prices' })
    expect((await outcomeOf(step)).messages).toEqual([
      {
        severity: 'error',
        scope: 'cluster',
        text: 'error decoding "resources/clusterrolebindings.x/cluster/prices.json": its apiVersion "rbac.authorization.k8s.io/v1" is not of the group of its folder',
      },
    ])
    expect(
      world.cluster.look({
        group: 'rbac.authorization.k8s.io',
        version: 'v1',
        resource: 'clusterrolebindings',
        name: 'prices',
      }),
    ).toBeUndefined()
  })

  it('never lets what a webhook quotes of a Secret out of the item', async () => {
    const secret = { ...prices, kind: 'Secret', data: { pw: Buffer.from('hunter2-of-the-shop').toString('base64') } }
    const quoting = apiError(503, '', 'it did not like hunter2-of-the-shop')
    const { restore } = restoring(JSON.stringify(secret), {}, refusing('create', quoting))
    const step = await restore('secrets')
    expect(JSON.stringify([step, String((step as { trouble: { thrown: Error } }).trouble.thrown)])).not.toContain(
      'hunter2',
    )
  })

  it.each(['{"kind": ', '[]', '{"metadata": {}}', '{"kind": "ConfigMap"}'])('cannot be decoded: %s', async (text) => {
    const { world, restore } = restoring(text)
    const [message] = (await outcomeOf(await restore())).messages
    expect(message).toMatchObject({
      severity: 'error',
      scope: 'namespace:shop',
      text: expect.stringContaining('error decoding "resources/configmaps/namespaces/shop/prices.json": '),
    })
    expect(world.cluster.look(target)).toBeUndefined()
  })
})

describe('an object that stood there before', () => {
  it('is left as it is without a policy, with the warning of Velero', async () => {
    const { world, restore } = restoring(JSON.stringify(prices))
    placeOther(world, '5')
    expect(await outcomeOf(await restore())).toMatchObject({ action: 'failed', messages: [{ severity: 'warning' }] })
    expect(world.cluster.look(target)).toMatchObject({ data: { price: '5' } })
  })

  it('is changed by policy update only when the change was journalled: until then it is an intent', async () => {
    const { world, restore } = restoring(JSON.stringify(prices), update)
    placeOther(world, '5')
    const step = await restore()
    if (!('intent' in step)) throw new Error('no intent')
    expect(step.intent.outcome).toMatchObject({ key: 'configmaps|shop|prices', action: 'updated' })
    expect(world.cluster.look(target)).toMatchObject({ data: { price: '5' } })
    expect(await step.intent.apply()).toMatchObject({ done: { action: 'updated', messages: [] } })
    expect(world.cluster.look(target)).toMatchObject({ data: { price: '3' }, metadata: { labels } })
  })

  it('is decided again where somebody else writes in between, and that writing stays', async () => {
    const { world, tools, restore } = restoring(JSON.stringify(prices), update)
    placeOther(world, '5')
    const step = await restore()
    await tools.cluster.patch(target, { metadata: { annotations: { mine: 'yes' } } }, { fieldManager: 'somebody' })
    expect(await outcomeOf(step)).toMatchObject({ action: 'updated', messages: [] })
    expect(world.cluster.look(target)).toMatchObject({ data: { price: '3' } })
  })

  it('gets at least the labels where its change is refused', async () => {
    const denied = apiError(422, 'Invalid', 'field is immutable')
    const { world, restore } = restoring(JSON.stringify(prices), update, refusing('patch', denied))
    placeOther(world, '5')
    expect(await outcomeOf(await restore())).toMatchObject({
      action: 'failed',
      messages: [{ severity: 'warning', text: 'field is immutable' }],
    })
    expect(world.cluster.look(target)).toMatchObject({
      data: { price: '5' },
      metadata: { labels: { [restoreNameLabel]: 'again' } },
    })
  })
})

describe('a CustomResourceDefinition', () => {
  const name = 'boats.harbour.io'
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: {
      group: 'harbour.io',
      scope: 'Namespaced',
      names: { plural: 'boats', singular: 'boat', kind: 'Boat' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  }
  const ref = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions', name }

  it('is waited for until objects of it can be created', async () => {
    const { world, restore } = restoring(JSON.stringify(crd))
    const beganMs = world.clock.nowMs()
    const outcome = await outcomeOf(await restore('customresourcedefinitions.apiextensions.k8s.io', { name }))
    expect(outcome).toMatchObject({ action: 'created', messages: [] })
    const established = { type: 'Established', status: 'True' }
    expect(world.cluster.look(ref)).toMatchObject({
      status: { conditions: expect.arrayContaining([expect.objectContaining(established)]) },
    })
    expect(world.clock.nowMs()).toBeGreaterThan(beganMs)
  })

  it('is looked at again later where it is not ready, and an error in the words of Velero in the end', async () => {
    const taken = { type: 'NamesAccepted', status: 'False', message: '"BoatList" is already in use' }
    let sinceMs = Infinity
    const more = { resourceTimeoutSeconds: 90, waitSince: async () => sinceMs }
    const { world, restore } = restoring(JSON.stringify(crd), more, (cluster) => ({
      ...cluster,
      get: async (at) => {
        const found = await cluster.get(at)
        return found === undefined ? undefined : { ...found, status: { conditions: [taken] } }
      },
    }))
    sinceMs = world.clock.nowMs()
    const look = () => restore('customresourcedefinitions.apiextensions.k8s.io', { name })
    await expect(look()).rejects.toThrow(
      new NotYet(`CRD ${name} to be established: NamesAccepted is False: "BoatList" is already in use`),
    )
    expect(world.clock.nowMs() - sinceMs).toBeLessThan(3_000)
    await world.clock.advance(90_000)
    const text = `error verifying the CRD ${name} is ready to use: context deadline exceeded`
    expect((await outcomeOf(await look())).messages).toEqual([{ severity: 'error', scope: 'cluster', text }])
  })
})

it('a message about a Secret quotes nothing of it', async () => {
  const value = Buffer.from('a-very-secret-value').toString('base64')
  const secret = { ...prices, kind: 'Secret', data: { password: value } }
  const denied = apiError(400, 'BadRequest', `cannot be handled: "${value}" is not welcome`)
  const { restore } = restoring(JSON.stringify(secret), {}, refusing('create', denied))
  const [message] = (await outcomeOf(await restore('secrets'))).messages
  expect(message?.text).toContain('error restoring secrets/shop/prices: ')
  expect(message?.text).not.toContain(value)
})

describe('a claim whose storage class is to be changed', () => {
  const claim: Manifest = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'shop', name: 'prices' },
    spec: { accessModes: ['ReadWriteOnce'], resources: {}, storageClassName: 'slow' },
  }
  const config: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { slow: 'fast' } }
  const facts = { ...noFacts, pluginConfigs: { 'velero.io/change-storage-class': [config] } }
  const rules = rulesWith({ facts, actions: [changeStorageClass] })
  const fast = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'fast' } }

  it('is tried again where the class is missing: a later wave or somebody else may bring it', async () => {
    const { restore, world } = restoring(JSON.stringify(claim), { rules })
    expect(await restore('persistentvolumeclaims')).toMatchObject({
      trouble: {
        kind: 'missing',
        outcome: {
          action: 'failed',
          messages: [{ text: expect.stringContaining('storageclasses.storage.k8s.io "fast" not found') }],
        },
      },
    })
    world.cluster.place(fast)
    expect(await restore('persistentvolumeclaims')).toMatchObject({ done: { action: 'created' } })
  })
})
