import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBucket } from '../../../devstack/bucket.ts'
import { runClient } from '../../kit/client.ts'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import type { Verdict } from '../../kit/velero/node-agent.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, listKeys, readResultFiles, withAdmin } from '../../kit/restores.ts'
import type { ResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { movedClaims } from '../../kit/backups/volume-backups.ts'
import { startWorker } from '../../kit/worker.ts'

const garbage = Buffer.from('somebody was here')

describe('result files that somebody damages while the restore waits', () => {
  let cluster: TestCluster
  let verdict: Verdict = 'stuck'
  let whole: ResultFiles
  const client = (...argv: string[]) => runClient(cluster, argv)
  const keyOf = (file: string) => `restores/damaged/restore-damaged-${file}.gz`

  /** Overwrites a file of the restore. */
  async function put(key: string, Body: Buffer): Promise<void> {
    const s3 = openBucket(cluster.s3)
    try {
      await s3.send(new PutObjectCommand({ Bucket: cluster.s3.bucket, Key: `${cluster.prefix}/${key}`, Body }))
    } finally {
      s3.destroy()
    }
  }

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    await startWorker(cluster, { DRYDOCK_FEATURES: 'EnableCSI', DRYDOCK_ITEM_OPERATION_SYNC: '1s' })
    await startNodeAgent(cluster, { verdict: () => verdict })
    const backup = movedClaims('damaged', 'app', 2)
    const metadata = { name: 'settings', namespace: 'app' }
    const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { mode: 'old' } }
    await putBackup(cluster, { ...backup, items: [...backup.items, ['configmaps', settings]] })
    await withAdmin(cluster, async (admin) => {
      await admin.must('POST', '/api/v1/namespaces', { metadata: { name: 'app' } })
      await admin.must('POST', '/api/v1/namespaces/app/configmaps', { ...settings, data: { mode: 'new' } })
    })
    await createRestore(cluster, { name: 'damaged', spec: { backupName: 'damaged' } })
    await awaitRestore(cluster, 'damaged', ({ status }) => status?.phase === 'WaitingForPluginOperations')
    whole = await readResultFiles(cluster, 'damaged')
  })

  it.each([
    ['garbage', garbage],
    ['half of it', gzipSync(JSON.stringify({ errors: {}, warnings: {} })).subarray(0, 20)],
    ['no JSON', gzipSync('{"errors":')],
    ['another JSON', gzipSync('[]')],
  ])('describe shows all but the messages where the results hold %s', async (_, bytes) => {
    await put(keyOf('results'), bytes)
    const { code, out, err } = await client('describe', 'damaged')
    expect(code).toBe(0)
    expect(err).toBe('')
    expect(out).toContain('backupName: damaged')
    expect(out).toMatch(
      /^The messages cannot be shown: restores\/damaged\/restore-damaged-results\.gz in the backup location is damaged: .+$/m,
    )
    expect(out).not.toMatch(/^ +at /m)
  })

  it('logs is one clear line and 1', async () => {
    await put(keyOf('logs'), garbage)
    const { code, out, err } = await client('logs', 'damaged')
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(
      /^restores\/damaged\/restore-damaged-logs\.gz in the backup location is damaged: incorrect header check\n$/,
    )
  })

  it('the finalization writes them all anew from the journal', async () => {
    const files = (await listKeys(cluster, 'restores/damaged/')).filter((key) => !key.includes('/drydock/'))
    expect(files).toHaveLength(5)
    for (const key of files) await put(key, garbage)
    // What has been written just now is taken to stand.
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    verdict = 'complete'
    const { status } = await awaitRestore(cluster, 'damaged')
    expect(status).toMatchObject({ phase: 'Completed', warnings: 1, restoreItemOperationsCompleted: 2 })
    const { itemOperations, log, ...rest } = await readResultFiles(cluster, 'damaged')
    const { itemOperations: _, log: __, ...wanted } = whole
    expect(rest).toEqual(wanted)
    expect(whole.results?.warnings.namespaces?.['app']).toHaveLength(1)
    expect(itemOperations).toMatchObject([{ status: { phase: 'Completed' } }, { status: { phase: 'Completed' } }])
    expect(log).toContain('restore=velero/damaged')
    expect((await client('logs', 'damaged')).code).toBe(0)
    expect((await client('describe', 'damaged')).out).toMatch(/Warnings:\n +namespace app: could not restore/)
  })
})
