import { expect, it } from 'vitest'
import { activityAttempts } from '../../kit/activity-attempts.ts'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import { slowCreates, slowLabel } from '../../kit/webhook.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

const configMaps = 240
const items = configMaps + 1

// This version of Temporal's server may still hand a task to a worker that asks no more; rarely, and hardly twice.
it('a rolling restart of three workers is not seen in the results', { retry: 1, timeout: 1_200_000 }, async () => {
  const cluster = await freshCluster({ backups: [], audit: true })
  const creates = await slowCreates(cluster)
  await putBackup(cluster, manyItems('many', { count: configMaps, labels: slowLabel }))
  // A worker that is stopped ends the chunks that it has begun: seconds each.
  const env = { DRYDOCK_CHUNK_ITEMS: '4', DRYDOCK_ITEMS_IN_FLIGHT: '2' }
  const workers: TestWorker[] = []
  for (let count = 0; count < 3; count++) workers.push(await startWorker(cluster, env))
  creates.slow(2_000)
  await createRestore(cluster, { name: 'rolled', spec: { backupName: 'many' } })
  // The first one is the namespace.
  await awaitRestore(cluster, 'rolled', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 1)
  for (const old of workers) {
    const next = startWorker(cluster, env)
    expect(await old.stop()).toBe(0)
    await next
  }
  const { progress } = (await getRestore(cluster, 'rolled'))?.status ?? {}
  expect(progress?.itemsRestored).toBeLessThan(items)
  creates.fast()
  const restore = await awaitRestore(cluster, 'rolled', undefined, 400_000)
  expect(restore.status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: items, totalItems: items } })
  expect((await readResultFiles(cluster, 'rolled')).results).toEqual({ warnings: {}, errors: {} })
  const attempts = await activityAttempts(cluster, restore)
  expect(attempts.filter(({ attempt }) => attempt > 1)).toEqual([])
  const chunks = attempts.filter(({ activity }) => activity === 'restoreChunk')
  const isOld = (worker: string) => workers.some((old) => old.log().includes(worker))
  expect(new Set(chunks.map(({ worker }) => isOld(worker)))).toEqual(new Set([true, false]))
  const times = countCreates(readAudit(cluster), ['configmaps'])
  expect([...times.keys()].filter((key) => key.startsWith('configmaps/many/'))).toHaveLength(configMaps)
  expect([...times.values()].filter((one) => one > 1)).toEqual([])
})
