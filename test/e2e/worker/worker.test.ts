import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { storedPayloads } from './stored-payloads.ts'
import { checkMonitoring } from '../../infra/metrics/check-monitoring.ts'
import { activityAttempts } from '../../kit/activity-attempts.ts'
import { manyItems, slowly } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { freshCluster, theStack } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import type { Restore } from '../../../velero/restore.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { slowCreates, slowLabel } from '../../kit/webhook.ts'
import { askWorker as get, httpAddress, startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

/** Counters by what went wrong, which begin with the first time, and what there is of drills, where one was made. */
const notAlways = /^drydock_(?:attempt_failures_total|drill_\w+)$/

/** The value of a series; undefined where it is not there. */
function valueOf(metrics: string, series: string): number | undefined {
  const line = metrics.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

describe('a worker that runs', () => {
  let cluster: TestCluster
  let worker: TestWorker

  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    worker = await startWorker(cluster)
    await createRestore(cluster, { name: 'counted', spec: { backupName: 'shop' } })
    await awaitRestore(cluster, 'counted')
    await createRestore(cluster, { name: 'refused', spec: { backupName: 'no-such-backup' } })
    await awaitRestore(cluster, 'refused')
  })

  it('is alive and ready, and says for what', async () => {
    expect(await get(worker, '/livez')).toEqual({ status: 200, text: 'ok\n' })
    const ready = await get(worker, '/readyz')
    expect(ready.status).toBe(200)
    const names = ['worker', 'temporal', 'cluster', 'restores', 'disk']
    expect(JSON.parse(ready.text)).toEqual({ ready: true, checks: names.map((name) => ({ name, ok: true })) })
  })

  it('answers nothing but GET, and nothing else', async () => {
    expect((await get(worker, '/etc/passwd')).status).toBe(404)
    expect((await fetch(`${httpAddress(worker)}/livez`, { method: 'POST' })).status).toBe(405)
  })

  it('counts restores under the names of Velero', async () => {
    // A restore is counted after its phase is written, so whoever sees the phase may be earlier.
    const refused = 'velero_restore_validation_failed_total{schedule=""}'
    const counted = async () => (valueOf((await get(worker, '/metrics')).text, refused) ?? 0) > 0
    await waitUntil(counted, 30_000, 'the refused restore to be counted')
    const { text } = await get(worker, '/metrics')
    expect(valueOf(text, 'velero_restore_attempt_total{schedule=""}')).toBe(2)
    expect(valueOf(text, refused)).toBe(1)
    const ended = ['success', 'partial_failure'].map(
      (end) => valueOf(text, `velero_restore_${end}_total{schedule=""}`) ?? 0,
    )
    expect(ended[0]! + ended[1]!).toBe(1)
    // The phase is told before the last activities (they clean up) have ended.
    const running = async () => valueOf((await get(worker, '/metrics')).text, 'drydock_restores_running')
    await waitUntil(async () => (await running()) === 0, 30_000, 'no restore to be running')
  })

  it('counts items by kind and outcome, times requests, and names no object', async () => {
    const { text } = await get(worker, '/metrics')
    expect(valueOf(text, 'drydock_items_total{kind="configmaps",outcome="created"}')).toBeGreaterThan(0)
    expect(valueOf(text, 'drydock_api_request_seconds_count{verb="POST",code="201"}')).toBeGreaterThan(10)
    expect(text).not.toContain('counted')
    expect(text).not.toMatch(/namespaces?="shop/)
  })

  it('has each metric that dashboard and alerts ask for, but for those of what was not there', async () => {
    const { expressions } = await checkMonitoring()
    const names = new Set(expressions.flatMap(({ selectors }) => selectors.map(({ metric }) => metric)))
    expect(names.size).toBeGreaterThan(8)
    const { text } = await get(worker, '/metrics')
    const missing = [...names].filter((name) => !new RegExp(`^${name}[ {]`, 'm').test(text))
    expect(missing.filter((name) => !notAlways.test(name))).toEqual([])
    for (const name of missing) expect(text).toContain(`# TYPE ${name} `)
  })

  it('passes the metrics of Temporal on', async () => {
    const { text } = await get(worker, '/metrics')
    expect(text).toContain('temporal_worker_task_slots_available')
    expect(text).toContain('temporal_activity_execution_latency_seconds_bucket')
  })

  it('tells how many Restores there are', async () => {
    const counted = async () => valueOf((await get(worker, '/metrics')).text, 'velero_restore_total') === 2
    // They are counted each minute; one count may fail.
    await waitUntil(counted, 130_000, 'velero_restore_total')
  })

  it('is not ready while the API server is away, and goes on with a restore when it is back', async () => {
    await createRestore(cluster, {
      name: 'through',
      spec: { backupName: 'shop', namespaceMapping: { shop: 'shop-2' } },
    })
    const server = cluster.pids['kube-apiserver']!
    process.kill(server, 'SIGSTOP')
    try {
      await waitUntil(
        async () => (await get(worker, '/readyz')).text.includes('"cluster","ok":false'),
        30_000,
        'a Lease that is old',
      )
      expect((await get(worker, '/livez')).status).toBe(200)
      await new Promise((resolve) => setTimeout(resolve, 40_000))
    } finally {
      process.kill(server, 'SIGCONT')
    }
    const restore = await awaitRestore(cluster, 'through', undefined, 240_000)
    expect(restore.status?.phase).not.toBe('Failed')
    await waitUntil(async () => (await get(worker, '/readyz')).status === 200, 30_000, 'the worker to be ready again')
  })

  it('ends with code 0 on SIGTERM', async () => {
    expect(await worker.stop()).toBe(0)
    expect(worker.log()).toContain('worker has stopped')
  })

  it('with keys lets Temporal store nothing that can be read, and reads what an older key has encrypted', async () => {
    const keys = join(mkdtempSync(join(tmpdir(), 'drydock-keys-')), 'keys')
    const [old, next] = ['old', 'new'].map((id) => `${id} ${randomBytes(32).toString('base64')}\n`)
    const start = (text: string) => {
      writeFileSync(keys, text)
      return startWorker(cluster, { ...slowly, DRYDOCK_CODEC_KEYS_FILE: keys })
    }
    const first = await start(`${old}`)
    const count = 120
    await putBackup(cluster, manyItems('hidden', { count, labels: slowLabel }))
    const creates = await slowCreates(cluster)
    creates.slow(500)
    const made = await createRestore(cluster, { name: 'hidden', spec: { backupName: 'hidden' } })
    await awaitFirstChunk(cluster, made)
    expect(await first.stop()).toBe(0)
    creates.fast()
    const second = await start(`${next}${old}`)
    const { status } = await awaitRestore(cluster, 'hidden', undefined, 240_000)
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: count + 1 } })
    const stored = await storedPayloads(cluster, made)
    expect([...new Set(stored.map(({ encoding }) => encoding))]).toEqual(['binary/encrypted'])
    expect([...new Set(stored.map(({ key }) => key))].toSorted()).toEqual(['new', 'old'])
    expect(await second.stop()).toBe(0)
  })
})

describe('a worker that cannot start', () => {
  const hasty = { DRYDOCK_START_TIMEOUT: '2s' }

  it('says in one line that the cluster does not answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drydock-kubeconfig-'))
    const text = readFileSync(theStack().kubeconfig, 'utf8').replace(
      /https:\/\/127\.0\.0\.1:\d+/,
      'https://127.0.0.1:1',
    )
    writeFileSync(join(folder, 'kubeconfig'), text)
    const started = startWorker(theStack(), { ...hasty, KUBECONFIG: join(folder, 'kubeconfig') })
    await expect(started).rejects.toThrow(/"level":"error".*the Kubernetes cluster cannot be used: .*ECONNREFUSED/)
  })

  it('says at once that there is no kubeconfig, and that a verb is forbidden', async () => {
    const none = startWorker(theStack(), { KUBECONFIG: '/nowhere/kubeconfig' })
    await expect(none).rejects.toThrow(/"level":"error".*\/nowhere\/kubeconfig/)
    const readonly = startWorker(theStack(), { DRYDOCK_KUBE_CONTEXT: 'drydock-readonly' })
    await expect(readonly).rejects.toThrow(/"level":"error".*Lease of this worker cannot be written: .*forbidden/)
  })

  it('says that the Temporal namespace is not there', async () => {
    const started = startWorker(theStack(), { ...hasty, TEMPORAL_NAMESPACE: 'no-such' })
    await expect(started).rejects.toThrow(/"level":"error".*Temporal namespace \\"no-such\\" cannot be used/)
  })
})

/** Waits until a chunk has ended, while others are still to come. */
async function awaitFirstChunk(cluster: TestCluster, restore: Restore): Promise<void> {
  const look = async () => {
    const attempts = await activityAttempts(cluster, restore).catch(() => [])
    return attempts.some(({ activity }) => activity === 'restoreChunk')
  }
  await waitUntil(look, 120_000, 'a chunk that has ended')
}
