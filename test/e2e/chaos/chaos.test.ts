import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import type { Restore } from '../../../velero/restore.ts'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster, theStack } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { slowCreates, slowLabel } from '../../kit/webhook.ts'
import type { SlowCreates } from '../../kit/webhook.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

let client: Client
let cluster: TestCluster
let creates: SlowCreates
beforeAll(async () => {
  client = new Client({ connection: await Connection.connect({ address: theStack().temporal.address }) })
  cluster = await freshCluster({ backups: ['shop'], audit: true })
  creates = await slowCreates(cluster)
  await putBackup(cluster, manyItems('many', { count: items - 1, labels: slowLabel }))
})
afterAll(() => client.connection.close())

const idOf = (restore: Restore) =>
  workflowIdOf({ namespace: 'velero', name: restore.metadata.name, uid: restore.metadata.uid ?? '' })

/** With their namespace. */
const items = 121

/** Several chunks run side by side, each with some items done and some to do. */
const smallChunks = { DRYDOCK_CHUNK_ITEMS: '10', DRYDOCK_CHECKPOINT_ITEMS: '4', DRYDOCK_ITEMS_IN_FLIGHT: '4' }

/** Starts a worker that is killed when the test is over, so that the next test is alone in the cluster. */
async function aWorker(env: Record<string, string> = {}): Promise<TestWorker> {
  const worker = await startWorker(cluster, env)
  onTestFinished(() => worker.kill('SIGKILL'))
  return worker
}

/** Begins to restore many items into namespace `name`, and waits until some of them are there, but far from all. */
async function beginAndComeMidway(name: string): Promise<Restore> {
  creates.slow(1_000)
  const spec = { backupName: 'many', namespaceMapping: { many: name } }
  const restore = await createRestore(cluster, { name, spec })
  await awaitRestore(cluster, name, ({ status }) => (status?.progress?.itemsRestored ?? 0) > items / 12)
  expect((await getRestore(cluster, name))?.status?.phase).toBe('InProgress')
  return restore
}

async function expectWhole(name: string): Promise<void> {
  creates.fast()
  const { status } = await awaitRestore(cluster, name, undefined, 170_000)
  expect(status?.failureReason).toBeUndefined()
  expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: items, totalItems: items } })
  const times = countCreates(readAudit(cluster), ['configmaps', 'secrets', 'serviceaccounts', 'namespaces'])
  expect([...times].filter(([, one]) => one > 1)).toEqual([])
  const list = (await readResultFiles(cluster, name)).resourceList ?? {}
  const created = Object.values(list)
    .flat()
    .filter((entry) => entry.endsWith('(created)'))
  expect(created).toHaveLength(items)
}

describe('a restore that is disturbed', () => {
  it('survives kill -9 of its worker: a new one goes on, nothing is created twice', async () => {
    const first = await aWorker(smallChunks)
    await beginAndComeMidway('killed')
    first.kill('SIGKILL')
    await aWorker()
    await expectWhole('killed')
  })

  it('survives Terminate in the Web UI: the watcher starts it again and it goes on from the journal', async () => {
    await aWorker(smallChunks)
    const restore = await beginAndComeMidway('terminated')
    await client.workflow.getHandle(idOf(restore)).terminate('by a person in the Web UI')
    await expectWhole('terminated')
  })

  it('survives a frozen worker: another takes over, and the woken one writes nothing more', async () => {
    const frozen = await aWorker(smallChunks)
    await beginAndComeMidway('frozen')
    frozen.kill('SIGSTOP')
    await aWorker()
    await expectWhole('frozen')
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
    await expectWhole('frozen')
  })

  it('is another restore when it is deleted and made again under its name: it restores from scratch', async () => {
    await aWorker()
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
