import { expect, it } from 'vitest'
import { activityAttempts } from '../../kit/activity-attempts.ts'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { awaitRestore, createRestore, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

// This version of Temporal's server may still hand a task to a worker that asks no more; rarely, and hardly twice.
it('a rolling restart of three workers is not seen in the results', { retry: 1, timeout: 1_200_000 }, async () => {
  const cluster = await freshCluster({ backups: ['bulk5k'], audit: true })
  const small = { DRYDOCK_CHUNK_ITEMS: '50', DRYDOCK_ITEMS_IN_FLIGHT: '8' }
  const workers: TestWorker[] = []
  for (let count = 0; count < 3; count++) workers.push(await startWorker(cluster, small))
  await createRestore(cluster, { name: 'rolled', spec: { backupName: 'bulk5k' } })
  await awaitRestore(cluster, 'rolled', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 0)
  for (const old of workers) {
    const next = startWorker(cluster, small)
    expect(await old.stop()).toBe(0)
    await next
  }
  const restore = await awaitRestore(cluster, 'rolled', undefined, 400_000)
  expect(restore.status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: 5003, totalItems: 5003 } })
  expect((await readResultFiles(cluster, 'rolled')).results).toEqual({ warnings: {}, errors: {} })
  const attempts = await activityAttempts(cluster, restore)
  expect(attempts.filter(({ attempt }) => attempt > 1)).toEqual([])
  const creates = countCreates(readAudit(cluster), ['configmaps', 'secrets'])
  expect([...creates.values()].filter((times) => times > 1)).toEqual([])
})
