import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBucket } from '../../../devstack/bucket.ts'
import { startRestoreWorkflow } from '../../../contract/start-restore.ts'
import { restoreLabels } from '../../../core/items/item-manifest.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { claimedAnnotation } from '../../../velero/labels.ts'
import type { Restore } from '../../../velero/restore.ts'
import { taskQueueOf, workflowIdOf } from '../../../contract/restore-workflow.ts'
import { readAudit } from '../../kit/audit.ts'
import { many, manyItemsAndLast } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import {
  awaitRestore,
  clusterIdOf,
  createRestore,
  getRestore,
  listKeys,
  readResultFiles,
  withAdmin,
} from '../../kit/restores.ts'
import { freshCluster, theStack } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { resetBefore } from '../../kit/reset-workflow.ts'
import { watchPhases } from '../../kit/velero/watch-phases.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

let client: Client
let cluster: TestCluster
let clusterId: string
let worker: TestWorker
beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: theStack().temporal.address }) })
  cluster = await freshCluster({ backups: ['shop'], audit: true })
  await putBackup(cluster, manyItemsAndLast('many'))
  worker = await startWorker(cluster, smallChunks)
  clusterId = await clusterIdOf(cluster)
})
afterAll(() => client.connection.close())

/** Many chunks of three hundred items; the first of them holds ConfigMaps. */
const smallChunks = { DRYDOCK_CHUNK_ITEMS: '20' }
const firstChunk = 'wave-000/chunk-00000'
const configMaps = { backupName: 'shop', includedResources: ['configmaps'] }

async function inBucket<T>(use: (s3: ReturnType<typeof openBucket>, bucket: string) => Promise<T>): Promise<T> {
  const s3 = openBucket(cluster.s3)
  try {
    return await use(s3, cluster.s3.bucket)
  } finally {
    s3.destroy()
  }
}

describe('rule 1: the claim', () => {
  it('is one patch with claim, spec, phase and finalizer, after the verdict is in the journal', async () => {
    const { metadata } = await createRestore(cluster, { name: 'claimed', spec: configMaps })
    const restore = await awaitRestore(cluster, 'claimed')
    expect(restore.metadata.annotations?.[claimedAnnotation]).toMatch(
      /^drydock-worker-.*, \d{4}-.*Z, location default$/,
    )
    expect(restore.metadata.finalizers).toContain('restores.velero.io/external-resources-finalizer')
    expect(restore.spec.itemOperationTimeout).toBe('4h0m0s')
    expect(await listKeys(cluster, `restores/claimed/drydock/${metadata.uid}/admission`)).toHaveLength(1)
  })

  it('a Restore found InProgress without our claim is never restored: it fails in Velero’s words', async () => {
    const before = readAudit(cluster).length
    await createRestore(cluster, {
      name: 'left-behind',
      spec: { backupName: 'many' },
      status: { phase: 'InProgress' },
    })
    const { status } = await awaitRestore(cluster, 'left-behind')
    expect(status).toMatchObject({ phase: 'Failed', failureReason: restartFailureReason })
    const writes = readAudit(cluster)
      .slice(before)
      .filter(({ verb, objectRef }) => verb === 'create' && objectRef?.namespace?.startsWith('many'))
    expect(writes).toEqual([])
  })
})

describe('rule 2: the start', () => {
  it('finds the running workflow, however often and by whomever it is started', async () => {
    await holdNamespace(cluster, 'often')
    const spec = { ...configMaps, namespaceMapping: { shop: 'often' } }
    const restore = await createRestore(cluster, { name: 'started-often', spec })
    const ref = { namespace: 'velero', name: 'started-often', uid: restore.metadata.uid ?? '', cluster: clusterId }
    const options = { ref, taskQueue: taskQueueOf(clusterId, 'velero'), backup: 'shop', tagged: false }
    await awaitRestore(cluster, 'started-often', ({ status }) => status?.phase === 'InProgress')
    const handles = await Promise.all(Array.from({ length: 10 }, () => startRestoreWorkflow(client, options)))
    await letNamespaceGo(cluster, 'often')
    await awaitRestore(cluster, 'started-often')
    const runs: string[] = []
    for await (const run of client.workflow.list({ query: `WorkflowId = '${workflowIdOf(ref)}'` })) runs.push(run.runId)
    expect(new Set(handles.map((handle) => handle.workflowId)).size).toBe(1)
    expect(runs.length).toBe(1)
  })

  it('ends without a write where the Restore is over or another one', async () => {
    const restore = await createRestore(cluster, { name: 'over', spec: configMaps })
    const over = await awaitRestore(cluster, 'over')
    const ref = { namespace: 'velero', name: 'over', uid: restore.metadata.uid ?? '', cluster: clusterId }
    const options = { taskQueue: taskQueueOf(clusterId, 'velero'), backup: 'shop', tagged: false }
    const workflowId = workflowIdOf(ref)
    const { runId } = await client.workflow.getHandle(workflowId).describe()
    expect((await (await startRestoreWorkflow(client, { ...options, ref })).result()).phase).toBe('Completed')
    const other = { ...ref, uid: '00000000-0000-0000-0000-000000000000' }
    expect((await (await startRestoreWorkflow(client, { ...options, ref: other })).result()).phase).toBe('Gone')
    // Nor one that is reset to a point where it was in progress and held its namespaces.
    const reset = await resetBefore(client, { workflowId, runId }, 'restoreChunk')
    expect(await reset.result()).toMatchObject({ phase: 'Completed' })
    expect((await getRestore(cluster, 'over'))?.metadata.resourceVersion).toBe(over.metadata.resourceVersion)
  })
})

describe('rule 3: which cluster', () => {
  it('a task for another cluster is refused for good, and its Restore is not touched', async () => {
    const ref = {
      namespace: 'velero',
      name: 'elsewhere',
      uid: '11111111-1111-1111-1111-111111111111',
      cluster: 'another-cluster',
    }
    const handle = await startRestoreWorkflow(client, {
      ref,
      taskQueue: taskQueueOf(clusterId, 'velero'),
      backup: 'shop',
      tagged: false,
    })
    const failures = async () => JSON.stringify(await handle.fetchHistory())
    await waitUntil(async () => (await failures()).includes('WrongCluster'), 30_000, 'the refusal')
    // It may have closed by itself meanwhile.
    await handle.terminate('seen').catch(() => undefined)
  })
})

/** Their last item is in a namespace of its own. */
const spec = (name: string) => ({
  backupName: name === 'replaced' ? 'replaced' : 'many',
  namespaceMapping: { many: name, 'many-last': `${name}-last` },
})

/**
 * Restores that have lost their worker after all but their last item, which waits for its namespace; then something of theirs is
 * damaged, and another worker goes on.
 */
describe('rules 4 and 10: what a restore relies on, damaged in its midst', () => {
  const names = ['missing', 'foreign', 'replaced'] as const
  let removed = ''
  const reasonOf = async (name: string) => {
    const { status } = await awaitRestore(cluster, name)
    expect(status?.phase).toBe('Failed')
    return status?.failureReason ?? ''
  }

  beforeAll(async () => {
    await putBackup(cluster, { ...manyItemsAndLast('many'), name: 'replaced' })
    for (const name of names) await holdNamespace(cluster, `${name}-last`)
    for (const name of names) await createRestore(cluster, { name, spec: spec(name) })
    const isAtLast = ({ status }: Restore) => (status?.progress?.itemsRestored ?? 0) > many
    for (const name of names) await awaitRestore(cluster, name, isAtLast)
    worker.kill('SIGKILL')
    removed = await shardOf('missing')
    await inBucket((s3, Bucket) => s3.send(new DeleteObjectCommand({ Bucket, Key: removed })))
    await makeForeign(await shardOf('foreign'))
    const Key = `${cluster.prefix}/backups/replaced/replaced.tar.gz`
    await inBucket((s3, Bucket) => s3.send(new PutObjectCommand({ Bucket, Key, Body: gzipSync('another one') })))
    worker = await startWorker(cluster, smallChunks)
    for (const name of names) await letNamespaceGo(cluster, `${name}-last`)
  })

  async function shardOf(name: string): Promise<string> {
    const keys = await listKeys(cluster, `restores/${name}/drydock/`)
    const found = keys.find((key) => key.includes(`/outcomes/${firstChunk}/`))
    expect(found).toBeDefined()
    return `${cluster.prefix}/${found}`
  }

  const makeForeign = (Key: string) =>
    inBucket(async (s3, Bucket) => {
      const found = await s3.send(new GetObjectCommand({ Bucket, Key }))
      const shard = JSON.parse(
        gunzipSync(Buffer.from((await found.Body?.transformToByteArray()) ?? [])).toString(),
      ) as { header: { uid: string } }
      shard.header.uid = 'somebody-else'
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: gzipSync(JSON.stringify(shard)) }))
    })

  it('a missing shard is an error that names it, never an empty set', async () => {
    expect(await reasonOf('missing')).toContain(`a shard under outcomes/${firstChunk} is missing`)
  })

  it('a shard of another restore is an error that names both', async () => {
    expect(await reasonOf('foreign')).toMatch(/belongs to restore uid somebody-else/)
  })

  it('a tarball that was replaced after the plan ends the restore Failed, naming it', async () => {
    expect(await reasonOf('replaced')).toMatch(/replaced\.tar\.gz/)
  })
})

describe('rule 5: ours or not', () => {
  it('an object that somebody else made with our labels is not ours', async () => {
    await createNamespace('shop')
    await withAdmin(cluster, (admin) =>
      admin.must('POST', '/api/v1/namespaces/shop/configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: 'web-config',
          namespace: 'shop',
          labels: restoreLabels({ name: 'not-ours', backupName: 'shop' }),
        },
        data: { other: 'owner' },
      }),
    ).catch(() => undefined)
    await withAdmin(cluster, (admin) =>
      admin.must(
        'PATCH',
        '/api/v1/namespaces/shop/configmaps/web-config',
        { data: { other: 'owner' } },
        'application/merge-patch+json',
      ),
    )
    await createRestore(cluster, { name: 'not-ours', spec: configMaps })
    const { status } = await awaitRestore(cluster, 'not-ours')
    expect(status?.warnings).toBeGreaterThan(0)
    expect((await readResultFiles(cluster, 'not-ours')).resourceList?.['v1/ConfigMap']).toContain(
      'shop/web-config(failed)',
    )
  })
})

describe('rule 8: status', () => {
  it('progress never goes back, each write carries the version it was decided from', async () => {
    const watch = await watchPhases(cluster)
    // Its last item waits until progress, which is written every 3 s at most, tells of the others.
    await holdNamespace(cluster, 'steady-last')
    await createRestore(cluster, { name: 'steady', spec: spec('steady') })
    await awaitRestore(cluster, 'steady', ({ status }) => (status?.progress?.itemsRestored ?? 0) > many)
    await letNamespaceGo(cluster, 'steady-last')
    await awaitRestore(cluster, 'steady', ({ status }) => status?.phase === 'Completed')
    const seen = watch.statesOf('steady').map(({ progress }) => progress?.itemsRestored ?? 0)
    expect(seen).toEqual(seen.toSorted((one, other) => one - other))
    expect(new Set(seen).size).toBeGreaterThan(2)
  })
})

async function createNamespace(name: string): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    await admin.request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  })
}
