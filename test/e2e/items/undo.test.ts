import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { manyItems, slowly } from '../../kit/backups/many-items.ts'
import { openDefinition } from '../../kit/backups/open-definition.ts'
import type { BackedUpItem } from '../../kit/backups/put-backup.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient, startClient } from '../../kit/client.ts'
import { awaitRestore, createRestore, getRestore, readObject, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

const count = 200

const owner = (manager: string, fieldsV1: object) => ({
  managedFields: [
    { manager, operation: 'Update', apiVersion: 'v1', time: '2026-11-23T20:32:23Z', fieldsType: 'FieldsV1', fieldsV1 },
  ],
})

function configMap(name: string, namespace: string, data: Record<string, string>, metadata: object = {}): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata }, data }
}

const definition = openDefinition({ group: 'undo.example.com', kind: 'Widget' })

const deployment: Manifest = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] },
    },
  },
}

const service: Manifest = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
}

const widget: Manifest = {
  apiVersion: 'undo.example.com/v1',
  kind: 'Widget',
  metadata: { name: 'one', namespace: 'shop' },
}

/** Of all kinds: created in a new namespace, in one that stands, and over objects that stand there. */
const items: BackedUpItem[] = [
  ['customresourcedefinitions.apiextensions.k8s.io', definition],
  ['widgets.undo.example.com', widget],
  ['deployments.apps', deployment],
  ['services', service],
  ['serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'shop' } }],
  [
    'secrets',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key', namespace: 'shop' }, data: { key: 'dmFsdWU=' } },
  ],
  [
    'configmaps',
    configMap(
      'standing',
      'old',
      { a: 'backup', b: 'backup' },
      owner('operator', { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } }),
    ),
  ],
  [
    'secrets',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'standing', namespace: 'old' }, data: { key: 'YmFja3Vw' } },
  ],
  ['configmaps', configMap('edited', 'old', { a: 'backup' })],
  ...manyItems('many', { count, namespace: 'shop' }).items,
]

const kinds = [
  '/api/v1/namespaces',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ...['configmaps', 'secrets', 'services', 'serviceaccounts'].map((plural) => `/api/v1/${plural}`),
  '/apis/apps/v1/deployments',
]

describe('drydock undo', () => {
  let cluster: TestCluster
  let worker: TestWorker
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    worker = await startWorker(cluster, { DRYDOCK_CHUNK_ITEMS: '20' })
  })

  /** All objects without what the server assigns at each write; a namespace that is on its way out is gone. */
  async function dump(): Promise<Record<string, unknown>> {
    const found: Record<string, unknown> = {}
    for (const path of kinds) {
      const { items: listed } = (await withAdmin(cluster, (admin) => admin.must('GET', path))).body as {
        items: Manifest[]
      }
      for (const { metadata, ...rest } of listed) {
        if (metadata.namespace === cluster.veleroNamespace || metadata.deletionTimestamp !== undefined) continue
        const { resourceVersion: _version, generation: _generation, ...kept } = metadata
        found[`${path} ${metadata.namespace ?? ''}/${metadata.name}`] = { ...rest, status: undefined, metadata: kept }
      }
    }
    return found
  }

  const send = (method: 'POST', path: string, body?: object) =>
    withAdmin(cluster, (admin) => admin.must(method, path, body))

  const edit = (path: string, change: object) =>
    withAdmin(cluster, (admin) =>
      admin.must('PATCH', `${path}?fieldManager=kubectl-edit`, change, 'application/merge-patch+json'),
    )

  async function stand(): Promise<void> {
    await send('POST', '/api/v1/namespaces', { metadata: { name: 'old' } })
    const of = (plural: string) => `/api/v1/namespaces/old/${plural}`
    await send(
      'POST',
      of('configmaps'),
      configMap('standing', 'old', { a: 'before', c: 'before' }, { labels: { team: 'x' } }),
    )
    await send('POST', of('configmaps'), configMap('edited', 'old', { a: 'before' }))
    await send('POST', of('secrets'), { metadata: { name: 'standing', namespace: 'old' }, data: { key: 'YmVmb3Jl' } })
  }

  it('leaves the cluster as it was, but for what a user has changed meanwhile, and survives its worker', async () => {
    await stand()
    const before = await dump()
    await putBackup(cluster, { name: 'mixed', items })
    await createRestore(cluster, { name: 'mixed', spec: { backupName: 'mixed', existingResourcePolicy: 'update' } })
    const { status } = await awaitRestore(cluster, 'mixed')
    expect(status?.phase).toBe('Completed')
    const restored = await dump()
    expect(Object.keys(restored).length).toBeGreaterThan(Object.keys(before).length + count)

    await edit('/api/v1/namespaces/shop/configmaps/item-7', { data: { key: 'by a user' } })
    await edit('/api/v1/namespaces/old/configmaps/edited', { data: { b: 'by a user' } })

    const unchanged = await dump()
    const shown = await runClient(cluster, ['undo', 'mixed', '--dry-run', '-o', 'json'])
    expect(shown).toMatchObject({ code: 0, err: '' })
    const would = JSON.parse(shown.out) as {
      deleted: number
      putBack: number
      kept: number
      keptFirst: { object: string }[]
    }
    expect(would).toMatchObject({ deleted: count - 1 + 6, putBack: 2, kept: 3 })
    expect(would.keptFirst.map(({ object }) => object).toSorted()).toEqual([
      'configmaps old/edited',
      'configmaps shop/item-7',
      'namespaces shop',
    ])
    expect(await dump()).toEqual(unchanged)

    const unasked = await runClient(cluster, ['undo', 'mixed'])
    expect(unasked).toMatchObject({
      code: 2,
      err: 'nothing is undone, since nobody can be asked: use --yes to undo unasked\n',
    })

    worker.kill('SIGKILL')
    worker = await startWorker(cluster, slowly)
    const undoing = startClient(cluster, ['undo', 'mixed', '--yes', '--wait', '-o', 'json'])
    await waitUntil(
      async () => Object.keys(await dump()).length < Object.keys(restored).length - 20,
      120_000,
      'the undo to be in its midst',
    )
    worker.kill('SIGKILL')
    worker = await startWorker(cluster, { DRYDOCK_CHUNK_ITEMS: '20' })
    const { code, out, err } = await undoing.all()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(JSON.parse(out)).toMatchObject({ deleted: count - 1 + 6, putBack: 2, kept: 3, gone: 0 })

    const after = await dump()
    const keptNow = ['/api/v1/configmaps shop/item-7', '/api/v1/configmaps old/edited', '/api/v1/namespaces /shop']
    const made = (key: string) => /\/(serviceaccounts shop\/default|configmaps shop\/kube-root-ca.crt)$/.test(key)
    const without = (all: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => !keptNow.includes(key) && !made(key)))
    expect(without(after)).toEqual(without(before))
    expect(after['/api/v1/configmaps shop/item-7']).toMatchObject({ data: { key: 'by a user' } })
    expect(after['/api/v1/configmaps old/edited']).toMatchObject({ data: { a: 'backup', b: 'by a user' } })

    const { metadata } = (await getRestore(cluster, 'mixed')) ?? { metadata: {} }
    expect((metadata as { annotations?: Record<string, string> }).annotations?.['drydock.io/undone']).toMatch(
      /^done, .*, 3 kept/,
    )
    const file = JSON.parse((await readObject(cluster, 'restores/mixed/restore-mixed-undo.json.gz')) ?? '{}') as {
      objects: object[]
    }
    expect(file.objects).toContainEqual({
      object: 'configmaps shop/item-7',
      do: 'keep',
      because: expect.stringMatching(/^kubectl-edit has changed it since/) as string,
    })
  })

  it('refuses what it cannot undo with one sentence', async () => {
    expect(await runClient(cluster, ['undo', 'mixed', '--yes'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Restore "mixed" was undone already, at \S+Z\n$/) as string,
    })
    expect(await runClient(cluster, ['retry', 'mixed'])).toMatchObject({
      code: 1,
      err: 'Restore "mixed" was undone, whole or in part: create a new restore of the backup\n',
    })
    expect((await runClient(cluster, ['undo', 'nothing', '--yes'])).code).toBe(6)
  })

  it('stops on a cancel, and goes on from there when it is started again', async () => {
    await putBackup(cluster, manyItems('again', { count: 600 }))
    await createRestore(cluster, { name: 'again', spec: { backupName: 'again' } })
    await awaitRestore(cluster, 'again')
    worker.kill('SIGKILL')
    worker = await startWorker(cluster, slowly)
    const all = Object.keys(await dump()).length
    const undoing = startClient(cluster, ['undo', 'again', '--yes', '--wait'])
    await waitUntil(async () => Object.keys(await dump()).length < all, 120_000, 'the undo to begin')
    expect(await runClient(cluster, ['cancel', 'again'])).toMatchObject({ code: 0 })
    expect((await undoing.all()).code).toBe(5)
    const stopped = await getRestore(cluster, 'again')
    expect(stopped?.metadata.annotations?.['drydock.io/undone']).toMatch(/^stopped, .*cancelled: by drydock cancel/)
    const { code, out } = await runClient(cluster, ['undo', 'again', '--yes', '--wait', '-o', 'json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ deleted: 601, kept: 0, gone: 0 })
  })
})
