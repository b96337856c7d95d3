import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { readAudit } from '../../kit/audit.ts'
import { manyItems, manyItemsAndLast } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient } from '../../kit/client.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWebhook, webhookFor, webhooksPath } from '../../kit/webhook.ts'
import { startWorker } from '../../kit/worker.ts'

const names = ['denied-1', 'denied-2', 'denied-3', 'denied-4', 'denied-5']
const denied = names.map((name): readonly [string, Manifest] => [
  'configmaps',
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'some', labels: { webhook: 'denies' } } },
])

describe('drydock retry', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], audit: true })
    await startWorker(cluster, { DRYDOCK_CHUNK_ITEMS: '50' })
  })

  /** The ConfigMaps of a namespace that somebody tried to write: `create item-1`. */
  const writesIn = (namespace: string, from = 0) =>
    readAudit(cluster)
      .slice(from)
      .filter(
        ({ verb, objectRef }) => ['create', 'patch', 'update', 'delete'].includes(verb) && objectRef !== undefined,
      )
      .filter(({ objectRef }) => objectRef?.resource === 'configmaps' && objectRef.namespace === namespace)
      .map(({ verb, objectRef }) => `${verb} ${objectRef?.name ?? ''}`)

  it('writes what a webhook has denied, and nothing else, once the webhook is gone', async () => {
    const denying = await startWebhook(() => ({ allowed: false, status: { code: 403, message: 'not today' } }))
    whenFileIsOver(() => denying.close())
    const webhook = webhookFor('denies', denying.client)
    await withAdmin(cluster, (admin) => admin.must('POST', webhooksPath, webhook))
    await putBackup(cluster, { name: 'some', items: [...manyItems('some', { count: 100 }).items, ...denied] })
    await createRestore(cluster, { name: 'some', spec: { backupName: 'some' } })
    const first = await awaitRestore(cluster, 'some')
    expect(first.status).toMatchObject({ phase: 'PartiallyFailed', errors: names.length })

    await withAdmin(cluster, (admin) => admin.must('DELETE', `${webhooksPath}/denies`))
    const from = readAudit(cluster).length
    const { code, out, err } = await runClient(cluster, ['retry', 'some', '--token', 'webhook-gone', '--wait'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('Restore "some" is retried: run 2')
    const { metadata, status } = (await getRestore(cluster, 'some')) ?? first
    expect(status).toMatchObject({
      phase: 'Completed',
      progress: { itemsRestored: first.status?.progress?.totalItems },
    })
    expect(status?.errors).toBeUndefined()
    expect(metadata.annotations).toMatchObject({ 'drydock.io/run': '2' })
    const wanted = names.flatMap((name) => [`create ${name}`, `patch ${name}`])
    expect(new Set(writesIn('some', from))).toEqual(new Set(wanted))
    const { results, resourceList } = await readResultFiles(cluster, 'some')
    expect(results).toEqual({ errors: {}, warnings: {} })
    expect(resourceList?.['v1/ConfigMap']).toHaveLength(100 + names.length)

    const again = await runClient(cluster, ['retry', 'some', '--token', 'webhook-gone'])
    expect(again).toMatchObject({ code: 0, out: 'Restore "some" is retried: run 2\n' })
    const refused = await runClient(cluster, ['retry', 'some'])
    expect(refused).toEqual({ code: 1, out: '', err: 'Restore "some" is Completed: nothing of it failed\n' })
  })

  it('goes on where a cancel has stopped a restore', async () => {
    await holdNamespace(cluster, 'stopped-last')
    await putBackup(cluster, manyItemsAndLast('stopped', { count: 100 }))
    await createRestore(cluster, { name: 'stopped', spec: { backupName: 'stopped' } })
    await awaitRestore(cluster, 'stopped', ({ status }) => (status?.progress?.itemsRestored ?? 0) >= 100)
    const running = await runClient(cluster, ['retry', 'stopped'])
    expect(running).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not over: its phase is InProgress') as string,
    })
    const cancelled = await runClient(cluster, ['cancel', 'stopped', '--wait'])
    expect(cancelled.code).toBe(5)

    await letNamespaceGo(cluster, 'stopped-last')
    const from = readAudit(cluster).length
    const { code, err } = await runClient(cluster, ['retry', 'stopped', '--wait'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(writesIn('stopped', from)).toEqual([])
    expect(writesIn('stopped-last', from)).toEqual(expect.arrayContaining(['create last']))
    const { status } = (await getRestore(cluster, 'stopped')) ?? {}
    expect(status?.phase).toBe('Completed')
    expect(status?.failureReason).toBeUndefined()
  })
})
