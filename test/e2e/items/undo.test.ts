import { Client, Connection } from '@temporalio/client'
import { beforeAll, describe, expect, it } from 'vitest'
import { undoProgressQuery, undoWorkflowIdOf } from '../../../contract/undo-restore.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { attemptsIn } from '../../kit/activity-attempts.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { openBucketGate } from '../../kit/servers/bucket-gate.ts'
import type { BucketGate, HeldRequests } from '../../kit/servers/bucket-gate.ts'
import { isMissing } from '../../kit/debian-program.ts'
import { runClient, startClient } from '../../kit/client.ts'
import { awaitRestore, createRestore, getRestore, readObject, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'
import { canDraw, drawPage } from '../client/draw-pages.ts'
import { configMap, count, custom, items, small } from './undo-backups.ts'

const kinds = [
  '/api/v1/namespaces',
  '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
  ...['configmaps', 'secrets', 'services', 'serviceaccounts'].map((plural) => `/api/v1/${plural}`),
  '/apis/apps/v1/deployments',
]

describe('drydock undo', () => {
  let cluster: TestCluster
  let worker: TestWorker
  let gate: BucketGate
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    gate = await openBucketGate(cluster)
    worker = await startOne()
  })

  const startOne = () => startWorker(cluster, { DRYDOCK_CHUNK_ITEMS: '20' })

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

  const patch = (path: string, change: object, manager = 'kubectl-edit') =>
    withAdmin(cluster, (admin) =>
      admin.must('PATCH', `${path}?fieldManager=${manager}`, change, 'application/merge-patch+json'),
    )

  /** Objects that stand there before the restores change them. */
  async function stand(): Promise<void> {
    for (const name of ['old', 'changed']) await send('POST', '/api/v1/namespaces', { metadata: { name } })
    const of = (plural: string) => `/api/v1/namespaces/old/${plural}`
    await send(
      'POST',
      of('configmaps'),
      configMap('standing', 'old', { a: 'before', c: 'before' }, { labels: { team: 'x' } }),
    )
    await send('POST', of('configmaps'), configMap('edited', 'old', { a: 'before' }))
    await send('POST', of('secrets'), { metadata: { name: 'standing', namespace: 'old' }, data: { key: 'YmVmb3Jl' } })
    await send(
      'POST',
      '/api/v1/namespaces/changed/configmaps',
      configMap('one', 'changed', { a: 'before', b: 'before' }),
    )
  }

  async function restored(name: string, spec: object): Promise<void> {
    await createRestore(cluster, { name, spec: { existingResourcePolicy: 'update', ...spec } })
    const { status } = await awaitRestore(cluster, name)
    expect(status).toMatchObject({ phase: 'Completed' })
  }

  async function uidOf(name: string): Promise<string> {
    return (await getRestore(cluster, name))?.metadata.uid ?? ''
  }

  /** What its undo says that it waits for. */
  async function waitingFor(name: string): Promise<string | undefined> {
    const workflowId = undoWorkflowIdOf({ namespace: cluster.veleroNamespace, name, uid: await uidOf(name) })
    const connection = await Connection.connect({ address: cluster.temporal.address })
    try {
      return (await new Client({ connection }).workflow.getHandle(workflowId).query(undoProgressQuery)).waitingFor
    } finally {
      await connection.close()
    }
  }

  const undoing = (name: string) => startClient(cluster, ['undo', name, '--yes', '--wait', '-o', 'json'])

  /** The activity in which the undo of each small restore is killed, and the request to the bucket that it stands before then. */
  const killed: Record<
    string,
    { activity: string; request: ['GET' | 'PUT', (uid: string) => string]; namespace: string }
  > = {
    'killed-admit': { activity: 'admitUndo', request: ['GET', (uid) => `${uid}/plan`], namespace: 'admitted' },
    'killed-plan': { activity: 'planUndo', request: ['PUT', (uid) => `${uid}/undo/work/`], namespace: 'planned' },
    'killed-deleted': { activity: 'undoChunk', request: ['PUT', (uid) => `${uid}/undo/done/`], namespace: 'deleted' },
    'killed-put-back': { activity: 'undoChunk', request: ['PUT', (uid) => `${uid}/undo/done/`], namespace: 'changed' },
    'killed-end': {
      activity: 'endUndo',
      request: ['PUT', () => 'restore-killed-end-undo.json.gz'],
      namespace: 'ended',
    },
  }

  it('leaves the cluster as it was, but for what a user has changed meanwhile; killed in each activity it ends the same', async () => {
    await stand()
    const before = await dump()
    await putBackup(cluster, { name: 'mixed', items })
    await putBackup(cluster, { name: 'small', items: small })
    await restored('mixed', { backupName: 'mixed' })
    for (const [name, { namespace }] of Object.entries(killed))
      await restored(name, { backupName: 'small', namespaceMapping: { small: namespace } })

    await patch('/api/v1/namespaces/shop/configmaps/item-7', { data: { key: 'by a user' } })
    await patch('/api/v1/namespaces/old/configmaps/edited', { data: { b: 'by a user' } })

    const unchanged = await dump()
    expect(Object.keys(unchanged).length).toBeGreaterThan(Object.keys(before).length + count)
    const shown = await runClient(cluster, ['undo', 'mixed', '--dry-run', '-o', 'json'])
    expect(shown).toMatchObject({ code: 0, err: '' })
    const would = JSON.parse(shown.out) as { keptFirst: { object: string }[] }
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

    const holds: HeldRequests[] = [gate.hold('PUT', `${await uidOf('mixed')}/undo/done/`)]
    for (const [name, { request }] of Object.entries(killed))
      holds.push(gate.hold(request[0], request[1](await uidOf(name))))
    const undos = ['mixed', ...Object.keys(killed)].map((name) => [name, undoing(name)] as const)
    await Promise.all(holds.map(({ come }) => come))
    worker.kill('SIGKILL')
    for (const { release } of holds) release()
    worker = await startOne()
    for (const [name, client] of undos) {
      const { code, out, err } = await client.all()
      expect({ name, code, err }).toEqual({ name, code: 0, err: '' })
      const isChange = name === 'killed-put-back'
      expect(JSON.parse(out)).toMatchObject(
        name === 'mixed'
          ? { deleted: count - 1 + 6, putBack: 2, kept: 3, gone: 0 }
          : { deleted: isChange ? 1 : 3, putBack: isChange ? 1 : 0, kept: 0, gone: 0 },
      )
    }
    for (const [name, { activity }] of Object.entries(killed)) {
      const workflowId = undoWorkflowIdOf({ namespace: cluster.veleroNamespace, name, uid: await uidOf(name) })
      const attempts = await attemptsIn(cluster, workflowId)
      expect(attempts.filter(({ attempt }) => attempt > 1).map((one) => one.activity)).toEqual(
        expect.arrayContaining([activity]),
      )
    }

    const after = await dump()
    const keptNow = ['/api/v1/configmaps shop/item-7', '/api/v1/configmaps old/edited', '/api/v1/namespaces /shop']
    const made = (key: string) => /\/(serviceaccounts shop\/default|configmaps shop\/kube-root-ca.crt)$/.test(key)
    const without = (all: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(all).filter(([key]) => !keptNow.includes(key) && !made(key)))
    expect(without(after)).toEqual(without(before))
    expect(after['/api/v1/configmaps shop/item-7']).toMatchObject({ data: { key: 'by a user' } })
    expect(after['/api/v1/configmaps old/edited']).toMatchObject({ data: { a: 'backup', b: 'by a user' } })
  })

  it('tells what it came to on the Restore, in the bucket, and as a page', async () => {
    const { metadata } = (await getRestore(cluster, 'mixed')) ?? { metadata: {} }
    expect((metadata as { annotations?: Record<string, string> }).annotations?.['drydock.io/undone']).toMatch(
      /^done, .*, 3 kept/,
    )
    const file = JSON.parse((await readObject(cluster, 'restores/mixed/restore-mixed-undo.json.gz')) ?? '{}') as {
      objects: object[]
    }
    const because = expect.stringMatching(/^kubectl-edit has changed it since/) as string
    expect(file.objects).toContainEqual({ object: 'configmaps shop/item-7', do: 'keep', because })
    const page = await runClient(cluster, ['report', 'mixed', '--undo'])
    expect(page).toMatchObject({ code: 0, err: '' })
    expect(page.out).toContain(`${count - 1 + 6} objects deleted, 2 objects put back, 3 objects kept as they are.`)
  })

  it.skipIf(isMissing('chromium', canDraw))('is pictured in docs/images', async () => {
    await drawPage('undo-report', (await runClient(cluster, ['report', 'mixed', '--undo'])).out)
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

  it('deletes custom objects first, and nothing else before their finalizers have let them go', async () => {
    await putBackup(cluster, { name: 'custom', items: custom })
    await restored('custom', { backupName: 'custom' })
    const at = '/apis/apples.example.com/v1/namespaces/grove/apples/one'
    await patch(at, { metadata: { finalizers: ['example.com/operator'] } })
    expect(await runClient(cluster, ['report', 'custom', '--undo'])).toMatchObject({
      code: 1,
      err: 'Restore "custom" was not undone\n',
    })
    const client = undoing('custom')
    const waits = async () => (await waitingFor('custom'))?.includes('example.com/operator') === true
    const isGoing = async () =>
      ((await withAdmin(cluster, (admin) => admin.must('GET', at))).body as Manifest).metadata.deletionTimestamp !==
      undefined
    await waitUntil(isGoing, 60_000, 'the custom object to be deleted')
    await waitUntil(waits, 120_000, 'the wait to be told')
    expect(await dump()).toHaveProperty(['/apis/apps/v1/deployments grove/web'])
    await patch(at, { metadata: { finalizers: null } })
    const { code, out } = await client.all()
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ deleted: 4, kept: 0, gone: 0 })
  })

  it('stops on a cancel, and goes on from there when it is started again', async () => {
    await putBackup(cluster, manyItems('again', { count: 60 }))
    await restored('again', { backupName: 'again' })
    const held = gate.hold('PUT', `${await uidOf('again')}/undo/done/`)
    const client = undoing('again')
    await held.come
    expect(await runClient(cluster, ['cancel', 'again'])).toMatchObject({ code: 0 })
    held.release()
    expect((await client.all()).code).toBe(5)
    const stopped = await getRestore(cluster, 'again')
    expect(stopped?.metadata.annotations?.['drydock.io/undone']).toMatch(/^stopped, .*cancelled: by drydock cancel/)
    const { code, out } = await undoing('again').all()
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ deleted: 61, kept: 0, gone: 0 })
  })
})
