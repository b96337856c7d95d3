import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBucket } from '../../../devstack/bucket.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { runClient } from '../../kit/client.ts'
import { manyItems, slowly } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, listKeys, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { deleteVelero, getVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import { slowCreates, slowLabel } from '../../kit/webhook.ts'
import type { SlowCreates } from '../../kit/webhook.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

/** With a second for each, a command has time to pause them in their midst, on a busy machine too. */
const count = 60
const createMs = 1_000
/** One chunk after the other: those that have begun are restored to their end, and the others are what is left. */
const settings = { ...slowly, DRYDOCK_CHUNKS_PER_RESTORE: '1' }

describe('a backup that goes while it is restored', () => {
  let cluster: TestCluster
  let worker: TestWorker
  let creates: SlowCreates
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    // A sync would bring the Backup back, or take away the Restores of one whose files are gone, at a time of its own.
    await patchVelero(cluster, 'backupstoragelocations', 'default', { spec: { backupSyncPeriod: '0s' } })
    creates = await slowCreates(cluster)
    worker = await startWorker(cluster, settings)
  })

  /** Begins to restore a backup of many ConfigMaps, and pauses in their midst. */
  async function pauseIn(name: string): Promise<void> {
    await putBackup(cluster, manyItems(name, { count, labels: slowLabel }))
    creates.slow(createMs)
    await createRestore(cluster, { name, spec: { backupName: name } })
    await awaitRestore(cluster, name, ({ status }) => (status?.progress?.itemsRestored ?? 0) > 1)
    expect((await runClient(cluster, ['pause', name])).code).toBe(0)
    expect(await configMapsIn(name)).toBeLessThan(count)
  }

  const configMapsIn = (namespace: string) =>
    withAdmin(cluster, async (admin) => {
      const { body } = await admin.must('GET', `/api/v1/namespaces/${namespace}/configmaps`)
      return (body as { items: Manifest[] }).items.length
    })

  async function removeFiles(backup: string): Promise<void> {
    const client = openBucket(cluster.s3)
    try {
      for (const key of await listKeys(cluster, `backups/${backup}/`))
        await client.send(new DeleteObjectCommand({ Bucket: cluster.s3.bucket, Key: `${cluster.prefix}/${key}` }))
    } finally {
      client.destroy()
    }
    expect(await listKeys(cluster, `backups/${backup}/`)).toEqual([])
  }

  async function resume(name: string) {
    creates.fast()
    expect((await runClient(cluster, ['resume', name])).code).toBe(0)
    return awaitRestore(cluster, name)
  }

  it('without its Backup resource it is restored to its end, since what it asks of it was kept', async () => {
    await pauseIn('no-resource')
    await deleteVelero(cluster, 'backups', 'no-resource')
    worker.kill('SIGKILL')
    worker = await startWorker(cluster, settings)
    const { status } = await resume('no-resource')
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: count + 1 } })
    expect(await getVelero(cluster, 'backups', 'no-resource')).toBeUndefined()
    expect(await configMapsIn('no-resource')).toBe(count)
    const logs = await runClient(cluster, ['logs', 'no-resource'])
    expect(logs).toMatchObject({ code: 0, err: '' })
  })

  it('without its files it is restored to its end by a worker that has them on its disk', async () => {
    await pauseIn('on-disk')
    await removeFiles('on-disk')
    const { status } = await resume('on-disk')
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: count + 1 } })
    expect(await configMapsIn('on-disk')).toBe(count)
  })

  it('without its files it ends Failed on another worker, with the key of what is missing and what was done', async () => {
    await pauseIn('no-files')
    await removeFiles('no-files')
    await worker.stop()
    worker = await startWorker(cluster, settings)
    const { status } = await resume('no-files')
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(
      /^restore execution failed: error downloading backup: .*error getting object \S+\/backups\/no-files\/no-files\.tar\.gz/,
    )
    expect(status?.failureReason).not.toContain('results not stored')
    expect(status?.completionTimestamp).toBeDefined()
    const created = await configMapsIn('no-files')
    expect(created).toBeLessThan(count)
    const { resourceList } = await readResultFiles(cluster, 'no-files')
    expect(resourceList?.['v1/ConfigMap']).toHaveLength(created)
    const described = await runClient(cluster, ['describe', 'no-files'])
    expect(described).toMatchObject({ code: 0, err: '', out: expect.stringContaining('/no-files.tar.gz') })
  })
})
