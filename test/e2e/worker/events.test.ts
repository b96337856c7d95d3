import { beforeAll, describe, expect, it } from 'vitest'
import { awaitRestore, createRestore, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { eventsOf } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

describe('Events on a Restore', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster()
    await startWorker(cluster)
  })
  const told = async (name: string) => (await eventsOf(cluster, name)).map(({ type, reason }) => [type, reason])

  it('tell each change of phase', async () => {
    await createRestore(cluster, { name: 'good', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    await awaitRestore(cluster, 'good')
    await expect
      .poll(() => told('good'), { timeout: 120_000 })
      .toEqual([
        ['Normal', 'InProgress'],
        ['Normal', 'Finalizing'],
        ['Normal', 'Completed'],
      ])
  })

  it('tell why one was refused', async () => {
    await createRestore(cluster, { name: 'bad', spec: { backupName: 'nope' } })
    await awaitRestore(cluster, 'bad')
    await expect.poll(() => told('bad'), { timeout: 120_000 }).toEqual([['Warning', 'FailedValidation']])
    expect((await eventsOf(cluster, 'bad'))[0]?.note).toContain('"nope" not found')
  })

  it('tell what a restore waits for longer than a minute', async () => {
    await withAdmin(cluster, async (client) => {
      await client.must('POST', '/api/v1/namespaces', { metadata: { name: 'stuck' } })
      const path = '/api/v1/namespaces/stuck'
      await client.must('DELETE', path)
    })
    await createRestore(cluster, {
      name: 'waiting',
      spec: { backupName: 'shop', includedResources: ['configmaps'], namespaceMapping: { shop: 'stuck' } },
    })
    await waitUntil(
      async () => (await told('waiting')).some(([, reason]) => reason === 'Waiting'),
      140_000,
      'an Event about the wait',
    )
    const waits = (await eventsOf(cluster, 'waiting')).filter(({ reason }) => reason === 'Waiting')
    expect(waits).toHaveLength(1)
    expect(waits[0]?.note).toContain('stuck')
  })
})
