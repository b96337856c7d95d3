import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient, startClient } from '../../kit/client.ts'
import type { ClientRun, TestClient } from '../../kit/client.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { slowCreates, slowLabel } from '../../kit/webhook.ts'
import { askWorker as get, startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'
import { ownTemporal } from './own-temporal.ts'

/** Long enough for the worker to lose its Lease, its activities to be given up, and tries to connect to become rare. */
const awayMs = 52_000
/** A connection tries again every two seconds, and readiness is asked for once a second. By itself it would be minutes. */
const readyAgainMs = 60_000

const readiness = async (worker: TestWorker) =>
  JSON.parse((await get(worker, '/readyz')).text) as {
    ready: boolean
    checks: { name: string; ok: boolean; detail?: string }[]
  }

const count = 200
/** With their namespace. */
const total = count + 1

describe('a Temporal server that goes away in the middle of a restore and comes back', () => {
  let cluster: TestCluster
  let worker: TestWorker
  let watchedBefore: TestClient
  let watchedMeanwhile: TestClient
  let itemsAtLoss = 0
  let backAt = 0
  const away: { checks?: unknown; livez?: number; runs: Record<string, ClientRun> } = { runs: {} }

  beforeAll(async () => {
    const temporal = await ownTemporal()
    cluster = { ...(await freshCluster({ backups: ['shop'], audit: true })), temporal }
    const creates = await slowCreates(cluster)
    await putBackup(cluster, manyItems('many', { count, labels: slowLabel }))
    worker = await startWorker(cluster, { DRYDOCK_CHUNK_ITEMS: '10', DRYDOCK_ITEMS_IN_FLIGHT: '4' })
    // Slow enough that a client which only starts is there in the middle.
    creates.slow(1_500)
    await createRestore(cluster, { name: 'through', spec: { backupName: 'many' } })
    watchedBefore = startClient(cluster, ['watch', 'through'])
    await awaitRestore(cluster, 'through', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 10)
    // It tells of a wave once its first question has been answered.
    await waitUntil(() => / wave \d/.test(watchedBefore.out()), 60_000, 'the watch to have reached Temporal')
    await temporal.kill()
    const killedAt = Date.now()
    try {
      const restore = await getRestore(cluster, 'through')
      itemsAtLoss = restore?.status?.progress?.itemsRestored ?? 0
      expect(restore?.status?.phase).toBe('InProgress')
      watchedMeanwhile = startClient(cluster, ['watch', 'through'])
      await waitUntil(async () => !(await readiness(worker)).ready, 30_000, 'the worker not to be ready')
      away.checks = (await readiness(worker)).checks
      away.livez = (await get(worker, '/livez')).status
      away.runs['describe'] = await runClient(cluster, ['describe', 'through'])
      away.runs['pause'] = await runClient(cluster, ['pause', 'through'])
      away.runs['resume'] = await runClient(cluster, ['resume', 'through'])
      const spec = ['--from-backup', 'shop', '--include-resources', 'configmaps']
      away.runs['start'] = await runClient(cluster, ['start', 'begun-meanwhile', ...spec])
      await sleep(Math.max(0, awayMs - (Date.now() - killedAt)))
    } finally {
      creates.fast()
      await temporal.startAgain()
    }
    backAt = Date.now()
  })

  it('leaves the worker alive, not ready, and with its reason', async () => {
    expect(away.livez).toBe(200)
    const others = ['worker', 'restores', 'disk']
    expect(away.checks).toEqual(
      expect.arrayContaining([
        { name: 'temporal', ok: false, detail: expect.stringMatching(/./) },
        ...others.map((name) => ({ name, ok: true })),
      ]),
    )
  })

  it('finds the worker ready soon after it is back', async () => {
    await waitUntil(async () => (await readiness(worker)).ready, readyAgainMs, 'the worker to be ready again')
  })

  it('lets the same worker carry the restore to its end, with nothing created twice', async () => {
    const { status } = await awaitRestore(cluster, 'through', undefined, 250_000)
    expect(itemsAtLoss).toBeLessThan(total)
    expect(status?.failureReason).toBeUndefined()
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: total, totalItems: total } })
    const creates = countCreates(readAudit(cluster), ['configmaps', 'secrets', 'serviceaccounts', 'namespaces'])
    expect([...creates].filter(([, times]) => times > 1)).toEqual([])
    expect([...creates.keys()].filter((key) => key.startsWith('configmaps/many/'))).toHaveLength(count)
    const entries = Object.values((await readResultFiles(cluster, 'through')).resourceList ?? {}).flat()
    expect(entries.filter((entry) => entry.endsWith('(created)'))).toHaveLength(total)
    expect(worker.log().match(/worker is ready/g)).toHaveLength(1)
  })

  it('lets it start what was created meanwhile, and end when it is asked to', async () => {
    expect((await awaitRestore(cluster, 'begun-meanwhile')).status?.phase).toBe('Completed')
    expect(await worker.stop()).toBe(0)
  })

  it('is told by each command of the client in one line, with its exit code', () => {
    const silent = `Temporal at ${cluster.temporal.address} does not answer: `
    expect(away.runs['describe']).toMatchObject({ code: 0, err: '' })
    expect(away.runs['describe']?.out).toContain(silent)
    for (const name of ['pause', 'resume']) {
      expect(away.runs[name]).toMatchObject({ code: 0, err: '' })
      expect(away.runs[name]?.out).toContain('which cannot be reached now')
    }
    expect(away.runs['start']?.code).toBe(0)
    expect(away.runs['start']?.err.split('\n')).toEqual([expect.stringContaining(silent), ''])
    expect(away.runs['start']?.err).toContain(
      'the Restore is created, and a worker that watches the cluster will take it',
    )
  })

  it('does not end a watch, which says what it waits for', async () => {
    expect({ code: await watchedBefore.ended, err: watchedBefore.err() }).toEqual({ code: 0, err: '' })
    expect(watchedBefore.out()).toMatch(
      new RegExp(`InProgress, .*\\d+ of ${total} items.*, waiting: Temporal does not answer`),
    )
    // Once Temporal is back it takes a moment until the worker asks for work again; until then nothing is wrong with it.
    const back = new Date(backAt).toISOString().slice(11, 19)
    const blamed = watchedBefore
      .out()
      .split('\n')
      .filter((line) => line.includes('waiting: a worker'))
    expect(blamed.filter((line) => line.slice(0, 8) < back)).toEqual([])
    expect({ code: await watchedMeanwhile.ended, err: watchedMeanwhile.err() }).toEqual({ code: 0, err: '' })
    expect(watchedMeanwhile.out()).toContain(`waiting: Temporal at ${cluster.temporal.address} does not answer`)
    for (const watched of [watchedBefore, watchedMeanwhile])
      expect(watched.out().trimEnd().split('\n').at(-1)).toMatch(
        new RegExp(`^Restore "through" Completed: ${total} items`),
      )
  })
})
