import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import type { Restore } from '../../../velero/restore.ts'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster, theStack } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

let client: Client
beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: theStack().temporal.address }) })
})
afterAll(() => client.connection.close())

const idOf = (restore: Restore) =>
  workflowIdOf({ namespace: 'velero', name: restore.metadata.name, uid: restore.metadata.uid ?? '' })

/** Waits until some of the items are there, but far from all. */
async function midway(cluster: TestCluster, name: string): Promise<void> {
  await awaitRestore(cluster, name, ({ status }) => (status?.progress?.itemsRestored ?? 0) > 400)
  expect((await getRestore(cluster, name))?.status?.phase).toBe('InProgress')
}

async function expectWhole(cluster: TestCluster, name: string): Promise<void> {
  const { status } = await awaitRestore(cluster, name, undefined, 170_000)
  expect(status?.failureReason).toBeUndefined()
  expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: 5003, totalItems: 5003 } })
  const creates = countCreates(readAudit(cluster), ['configmaps', 'secrets', 'serviceaccounts', 'namespaces'])
  const twice = [...creates].filter(([, times]) => times > 1)
  expect(twice).toEqual([])
  const list = (await readResultFiles(cluster, name)).resourceList ?? {}
  expect(
    Object.values(list)
      .flat()
      .filter((entry) => entry.endsWith('(created)')),
  ).toHaveLength(5003)
}

describe('a restore that is disturbed', () => {
  it('survives kill -9 of its worker: a new one goes on, nothing is created twice', async () => {
    const cluster = await freshCluster({ backups: ['bulk5k'], audit: true })
    const first = await startWorker(cluster)
    await createRestore(cluster, { name: 'killed', spec: { backupName: 'bulk5k' } })
    await midway(cluster, 'killed')
    first.kill('SIGKILL')
    await startWorker(cluster)
    await expectWhole(cluster, 'killed')
  })

  it('survives Terminate in the Web UI: the watcher starts it again and it goes on from the journal', async () => {
    const cluster = await freshCluster({ backups: ['bulk5k'], audit: true })
    await startWorker(cluster)
    const restore = await createRestore(cluster, { name: 'terminated', spec: { backupName: 'bulk5k' } })
    await midway(cluster, 'terminated')
    await client.workflow.getHandle(idOf(restore)).terminate('by a person in the Web UI')
    await expectWhole(cluster, 'terminated')
  })

  it('survives a frozen worker: another takes over, and the woken one writes nothing more', async () => {
    const cluster = await freshCluster({ backups: ['bulk5k'], audit: true })
    const frozen = await startWorker(cluster)
    await createRestore(cluster, { name: 'frozen', spec: { backupName: 'bulk5k' } })
    await midway(cluster, 'frozen')
    frozen.kill('SIGSTOP')
    await startWorker(cluster)
    await expectWhole(cluster, 'frozen')
    const done = Date.now()
    frozen.kill('SIGCONT')
    await new Promise((resolve) => setTimeout(resolve, 5000))
    const late = readAudit(cluster).filter(
      (event) =>
        Date.parse(event.requestReceivedTimestamp) > done &&
        ['create', 'patch', 'update', 'delete'].includes(event.verb) &&
        ['configmaps', 'secrets'].includes(event.objectRef?.resource ?? ''),
    )
    expect(late).toEqual([])
    await expectWhole(cluster, 'frozen')
  })

  it('is another restore when it is deleted and made again under its name: it restores from scratch', async () => {
    const cluster = await freshCluster({ backups: ['shop'] })
    await startWorker(cluster)
    const spec = { backupName: 'shop', includedResources: ['configmaps'] }
    const first = await createRestore(cluster, { name: 'again', spec })
    await awaitRestore(cluster, 'again')
    await withAdmin(cluster, async (admin) => {
      await admin.must(
        'PATCH',
        '/apis/velero.io/v1/namespaces/velero/restores/again',
        { metadata: { finalizers: null } },
        'application/merge-patch+json',
      )
      await admin.request('DELETE', '/apis/velero.io/v1/namespaces/velero/restores/again')
      await waitUntil(async () => (await getRestore(cluster, 'again')) === undefined, 60_000, 'the Restore to be gone')
      await admin.must('DELETE', '/api/v1/namespaces/shop/configmaps/web-config')
    })
    const second = await createRestore(cluster, { name: 'again', spec })
    expect(second.metadata.uid).not.toBe(first.metadata.uid)
    const { status } = await awaitRestore(cluster, 'again')
    expect(status?.phase).toBe('Completed')
    const list = (await readResultFiles(cluster, 'again')).resourceList
    expect(list?.['v1/ConfigMap']).toContain('shop/web-config(created)')
  })
})
