import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBucket } from '../../../devstack/bucket.ts'
import { startRestoreWorkflow } from '../../../contract/start-restore.ts'
import { restoreLabels } from '../../../core/items/item-metadata.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { claimedAnnotation } from '../../../velero/labels.ts'
import type { Restore } from '../../../velero/restore.ts'
import { taskQueueOf, workflowIdOf } from '../../../contract/restore-workflow.ts'
import { readAudit } from '../../kit/audit.ts'
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
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

let client: Client
let cluster: TestCluster
let clusterId: string
beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: theStack().temporal.address }) })
  cluster = await freshCluster({ backups: ['shop', 'bulk5k'], audit: true })
  await startWorker(cluster)
  clusterId = await clusterIdOf(cluster)
})
afterAll(() => client.connection.close())

/** For five thousand items, and the loss of a worker in between, on a machine that is busy with others. */
const patience = 240_000
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
      spec: { backupName: 'bulk5k' },
      status: { phase: 'InProgress' },
    })
    const { status } = await awaitRestore(cluster, 'left-behind')
    expect(status).toMatchObject({ phase: 'Failed', failureReason: restartFailureReason })
    const writes = readAudit(cluster)
      .slice(before)
      .filter(({ verb, objectRef }) => verb === 'create' && objectRef?.namespace?.startsWith('bulk'))
    expect(writes).toEqual([])
  })
})

describe('rule 2: the start', () => {
  it('finds the running workflow, however often and by whomever it is started', async () => {
    const restore = await createRestore(cluster, { name: 'started-often', spec: { backupName: 'bulk5k' } })
    const ref = { namespace: 'velero', name: 'started-often', uid: restore.metadata.uid ?? '', cluster: clusterId }
    const options = { ref, taskQueue: taskQueueOf(clusterId, 'velero'), backup: 'bulk5k', tagged: false }
    const handles = await Promise.all(Array.from({ length: 10 }, () => startRestoreWorkflow(client, options)))
    await awaitRestore(cluster, 'started-often', undefined, patience)
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
    expect((await (await startRestoreWorkflow(client, { ...options, ref })).result()).phase).toBe('Completed')
    const other = { ...ref, uid: '00000000-0000-0000-0000-000000000000' }
    expect((await (await startRestoreWorkflow(client, { ...options, ref: other })).result()).phase).toBe('Gone')
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

describe('rule 4: the journal', () => {
  /** Restores bulk5k with the worker killed midway, breaks the journal, and starts another worker. */
  async function breakJournal(name: string, breaking: (keys: string[]) => Promise<void>): Promise<string> {
    const own = await freshCluster({ backups: ['bulk5k'] })
    const worker = await startWorker(own)
    await createRestore(own, { name, spec: { backupName: 'bulk5k' } })
    // Six chunks beside four lanes: the first one is done for good, and is not gone through once more.
    await awaitRestore(own, name, ({ status }) => (status?.progress?.itemsRestored ?? 0) > 1200)
    worker.kill('SIGKILL')
    const keys = (await listKeys(own, `restores/${name}/drydock/`)).map((key) => `${own.prefix}/${key}`)
    await breaking(keys)
    await startWorker(own)
    const { status } = await awaitRestore(own, name, undefined, patience)
    expect(status?.phase).toBe('Failed')
    return status?.failureReason ?? ''
  }

  it('a missing shard is an error that names it, never an empty set', async () => {
    let removed = ''
    const reason = await breakJournal('missing', async (keys) => {
      removed = keys.find((key) => key.includes('/outcomes/wave-002/chunk-00000/')) ?? ''
      await inBucket((s3, Bucket) => s3.send(new DeleteObjectCommand({ Bucket, Key: removed })))
    })
    expect(removed).not.toBe('')
    expect(reason).toMatch(/a shard under outcomes\/wave-002\/chunk-00000 is missing/)
  }, 600_000)

  it('a shard of another restore is an error that names both', async () => {
    const reason = await breakJournal('foreign', async (keys) => {
      const Key = keys.find((key) => key.includes('/outcomes/wave-002/chunk-00000/')) ?? ''
      await inBucket(async (s3, Bucket) => {
        const found = await s3.send(new GetObjectCommand({ Bucket, Key }))
        const shard = JSON.parse(
          gunzipSync(Buffer.from((await found.Body?.transformToByteArray()) ?? [])).toString(),
        ) as { header: { uid: string } }
        shard.header.uid = 'somebody-else'
        await s3.send(new PutObjectCommand({ Bucket, Key, Body: gzipSync(JSON.stringify(shard)) }))
      })
    })
    expect(reason).toMatch(/belongs to restore uid somebody-else/)
  }, 600_000)
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
    await createRestore(cluster, {
      name: 'steady',
      spec: { backupName: 'bulk5k', namespaceMapping: { bulk: 'bulk-steady' } },
    })
    const seen: number[] = []
    const isOver = ({ status }: Restore) => {
      seen.push(status?.progress?.itemsRestored ?? 0)
      return status?.phase === 'Completed'
    }
    await awaitRestore(cluster, 'steady', isOver, patience)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(new Set(seen).size).toBeGreaterThan(3)
  })
})

describe('rule 10: the archive', () => {
  it('a tarball that was replaced after the plan ends the restore Failed, naming it', async () => {
    const own = await freshCluster({ backups: ['bulk5k'] })
    const worker = await startWorker(own)
    await createRestore(own, { name: 'replaced', spec: { backupName: 'bulk5k' } })
    await awaitRestore(own, 'replaced', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 400)
    worker.kill('SIGKILL')
    const Key = `${own.prefix}/backups/bulk5k/bulk5k.tar.gz`
    await inBucket((s3, Bucket) => s3.send(new PutObjectCommand({ Bucket, Key, Body: gzipSync('another one') })))
    await startWorker(own)
    const { status } = await awaitRestore(own, 'replaced', undefined, patience)
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(/bulk5k\.tar\.gz/)
  }, 600_000)
})

async function createNamespace(name: string): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    await admin.request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  })
}
