import { dirname } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LockRequest } from '../../../core/locks/decide-grants.ts'
import type { Restore } from '../../../velero/restore.ts'
import { locksQuery, locksWorkflowIdOf } from '../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { runClient } from '../../kit/client.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import type { BackedUpItem } from '../../kit/backups/put-backup.ts'
import { holdNamespace } from '../../kit/held-namespace.ts'
import { awaitRestore, clusterIdOf, createRestore, getRestore, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { eventsOf } from '../../kit/velero/velero-objects.ts'
import { demoPlugin } from '../../kit/velero/demo-plugin.ts'
import { startWorker } from '../../kit/worker.ts'

const aConfigMap = (namespace: string): BackedUpItem => [
  'configmaps',
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace }, data: { key: 'value' } },
]

/** Puts two backups into the cluster: of namespace `bulk`, and of this one and one whose restore does not end. */
async function putBackups(cluster: TestCluster): Promise<void> {
  await holdNamespace(cluster, 'held')
  await putBackup(cluster, { name: 'bulk', items: [aConfigMap('bulk')] })
  await putBackup(cluster, { name: 'bulk-held', items: [aConfigMap('bulk'), aConfigMap('held')] })
}

/** The workflow of the locks of this cluster, whichever run of it is there. */
async function locksOf(cluster: TestCluster): Promise<WorkflowHandle> {
  const uid = await clusterIdOf(cluster)
  const connection = await Connection.connect({ address: cluster.temporal.address })
  whenFileIsOver(() => connection.close())
  const namespace = cluster.veleroNamespace
  return new Client({ connection }).workflow.getHandle(locksWorkflowIdOf({ namespace, cluster: uid }))
}

const bulk = { backupName: 'bulk' }
const isUnderWay = ({ status }: Restore) => (status?.progress?.itemsRestored ?? 0) > 0

describe('restores into the same namespace', () => {
  let cluster: TestCluster
  const holder = /Restore velero\/first, which restores into namespace bulk/
  const itemsOf = async (name: string) => (await getRestore(cluster, name))?.status?.progress?.itemsRestored ?? 0
  /** Each look is a process. */
  const interval = 2_000
  const waitOf = async (name: string) => {
    const described = (await runClient(cluster, ['describe', name, '-o', 'json'])).out
    return (JSON.parse(described) as { progress?: { waitingFor?: string } }).progress?.waitingFor
  }

  beforeAll(async () => {
    cluster = await freshCluster()
    await putBackups(cluster)
    await startWorker(cluster, { DRYDOCK_PLUGIN_DIR: dirname(await demoPlugin()) })
    await createRestore(cluster, { name: 'first', spec: { backupName: 'bulk-held' } })
    await awaitRestore(cluster, 'first', isUnderWay)
    await createRestore(cluster, { name: 'second', spec: bulk })
    await createRestore(cluster, { name: 'third', spec: { ...bulk, includedNamespaces: ['bulk'] } })
    await awaitRestore(cluster, 'third', ({ status }) => status?.phase === 'InProgress')
  })

  it('take turns: one that waits is in progress, names the holder, and writes nothing', async () => {
    await expect.poll(() => waitOf('second'), { timeout: 240_000, interval }).toMatch(holder)
    expect((await runClient(cluster, ['describe', 'second'])).out).toMatch(holder)
    expect((await getRestore(cluster, 'second'))?.status).toMatchObject({ phase: 'InProgress' })
    expect(await itemsOf('second')).toBe(0)
  })

  it('tell it by an Event', async () => {
    const notes = async () => (await eventsOf(cluster, 'second')).map(({ note }) => note).join('\n')
    await expect.poll(notes, { timeout: 240_000 }).toMatch(holder)
  })

  it('keep nobody waiting who restores elsewhere', async () => {
    const spec = { backupName: 'shop', includedResources: ['configmaps'] }
    await createRestore(cluster, { name: 'elsewhere', spec })
    expect((await awaitRestore(cluster, 'elsewhere')).status?.phase).toBe('Completed')
    await createRestore(cluster, { name: 'mapped', spec: { ...bulk, namespaceMapping: { bulk: 'bulk-copy' } } })
    expect((await awaitRestore(cluster, 'mapped')).status?.phase).toBe('Completed')
  })

  it('keep their turns when the workflow of the locks is terminated: who asks next makes it ask all others', async () => {
    const locks = await locksOf(cluster)
    await locks.terminate('by hand')
    await createRestore(cluster, { name: 'fourth', spec: bulk })
    await expect.poll(() => waitOf('fourth'), { timeout: 240_000, interval }).toMatch(holder)
    const { holders, waiting } = await locks.query(locksQuery)
    const names = (requests: readonly LockRequest[]) => requests.map(({ restore }) => restore)
    expect(names(holders)).toEqual(['velero/first'])
    expect(names(waiting).toSorted()).toEqual(['velero/fourth', 'velero/second', 'velero/third'])
    expect((await runClient(cluster, ['cancel', 'fourth'])).code).toBe(0)
    expect((await awaitRestore(cluster, 'fourth')).status?.progress?.itemsRestored ?? 0).toBe(0)
  })

  it('take turns too where a plugin wants an item of a namespace that the plan does not have', async () => {
    const annotations = { 'demo.example.io/wants': 'configmaps:bulk:c' }
    const metadata = { name: 'wants', namespace: 'wider', labels: { app: 'wider' }, annotations }
    const wants: BackedUpItem = ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata }]
    await putBackup(cluster, { name: 'wider', items: [wants, aConfigMap('bulk')] })
    const labelSelector = { matchLabels: { app: 'wider' } }
    await createRestore(cluster, { name: 'wider', spec: { backupName: 'wider', labelSelector } })
    await expect.poll(() => waitOf('wider'), { timeout: 240_000, interval }).toMatch(holder)
  })

  it('let go on cancel: one that waits ends at once, and the next one follows the holder', async () => {
    expect((await runClient(cluster, ['cancel', 'second', '--reason', 'not needed'])).code).toBe(0)
    expect((await awaitRestore(cluster, 'second')).status).toMatchObject({
      phase: 'Failed',
      failureReason: 'cancelled: not needed',
    })
    expect(await itemsOf('third')).toBe(0)
    expect((await runClient(cluster, ['cancel', 'first', '--reason', 'over'])).code).toBe(0)
    expect((await awaitRestore(cluster, 'third')).status).toMatchObject({ phase: 'Completed' })
    expect((await awaitRestore(cluster, 'wider')).status).toMatchObject({ phase: 'Completed' })
    const { resourceList } = await readResultFiles(cluster, 'wider')
    // It stands there; that of the backup has no owners of fields, so Velero calls it different.
    expect(resourceList?.['v1/ConfigMap']).toEqual(['bulk/c(failed)', 'wider/wants(created)'])
  })
})

it('restores that are terminated together with their locks, and begun anew, take turns as before', async () => {
  const cluster = await freshCluster({ backups: [] })
  await putBackups(cluster)
  await startWorker(cluster)
  const holder = await createRestore(cluster, { name: 'holds', spec: { backupName: 'bulk-held' } })
  await awaitRestore(cluster, 'holds', isUnderWay)
  const next = await createRestore(cluster, { name: 'next', spec: bulk })
  const locks = await locksOf(cluster)
  const namesOf = async (where: 'holders' | 'waiting') =>
    (await locks.query(locksQuery).catch(() => undefined))?.[where].map(({ restore }) => restore)
  await expect.poll(() => namesOf('waiting'), { timeout: 240_000 }).toEqual(['velero/next'])
  const { runId } = await locks.describe()
  await locks.terminate('by hand')
  for (const { metadata } of [holder, next]) {
    const { namespace = '', name, uid = '' } = metadata
    await locks.client.getHandle(workflowIdOf({ namespace, name, uid })).terminate('by hand')
  }
  const isAnew = async () => (await locks.describe()).runId !== runId
  await expect.poll(isAnew, { timeout: 480_000, interval: 500 }).toBe(true)
  const turns = async () => [await namesOf('holders'), await namesOf('waiting')]
  await expect.poll(turns, { timeout: 480_000, interval: 500 }).toEqual([['velero/holds'], ['velero/next']])
  expect((await getRestore(cluster, 'next'))?.status).toMatchObject({ phase: 'InProgress' })
  expect((await getRestore(cluster, 'next'))?.status?.progress?.itemsRestored ?? 0).toBe(0)
})

it('a restore that waits for too long ends as Failed and names what it waited for', async () => {
  const cluster = await freshCluster({ backups: [] })
  await putBackups(cluster)
  // The first one has to get its turn within this time as well.
  await startWorker(cluster, { DRYDOCK_LOCK_TIMEOUT: '8s', DRYDOCK_RESTORES_MAX: '1' })
  await createRestore(cluster, { name: 'runs', spec: { backupName: 'bulk-held' } })
  await awaitRestore(cluster, 'runs', isUnderWay)
  await createRestore(cluster, { name: 'late', spec: { ...bulk, namespaceMapping: { bulk: 'elsewhere' } } })
  expect((await awaitRestore(cluster, 'late')).status).toMatchObject({
    phase: 'Failed',
    failureReason: expect.stringMatching(
      /gave up after 8s \(DRYDOCK_LOCK_TIMEOUT\) of waiting for one of the 1 restores that may run at once to end$/,
    ) as string,
  })
})
