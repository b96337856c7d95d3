import { beforeAll, describe, expect, it } from 'vitest'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import type { Verdict } from '../../kit/velero/node-agent.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { movedClaims } from '../../kit/backups/volume-backups.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'
import type { RestoreOperation } from '../../../velero/item-operation.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const env = { DRYDOCK_FEATURES: 'EnableCSI', DRYDOCK_ITEM_OPERATION_SYNC: '1s' }

/** DataDownloads of claims in these namespaces end otherwise than well. */
const verdicts = new Map<string, Verdict>()
const verdictOf = (order: Manifest): Verdict => {
  const target = (order['spec'] as { targetVolume: { namespace: string; pvc: string } }).targetVolume
  return verdicts.get(`${target.namespace}/${target.pvc}`) ?? 'complete'
}

describe('asynchronous operations of the data mover', () => {
  let cluster: TestCluster
  let worker: TestWorker
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    worker = await startWorker(cluster, env)
    await startNodeAgent(cluster, { verdict: verdictOf })
  })

  async function restore(name: string, backup: string, spec: object = {}) {
    await createRestore(cluster, { name, spec: { backupName: backup, ...spec } })
  }

  async function downloads(name: string): Promise<Manifest[]> {
    const path = `/apis/velero.io/v2alpha1/namespaces/velero/datadownloads?labelSelector=velero.io/restore-name=${name}`
    return withAdmin(cluster, async (client) => ((await client.must('GET', path)).body as { items: Manifest[] }).items)
  }

  it('waits for each DataDownload and ends Completed', async () => {
    await putBackup(cluster, movedClaims('moved', 'app', 3))
    // Held back until it waits: downloads that end before the first look are never waited for.
    for (const claim of ['data-1', 'data-2', 'data-3']) verdicts.set(`app/${claim}`, 'stuck')
    await restore('moved', 'moved')
    const waiting = await awaitRestore(cluster, 'moved', ({ status }) => status?.phase === 'WaitingForPluginOperations')
    expect(waiting.status).toMatchObject({ restoreItemOperationsAttempted: 3 })
    verdicts.clear()
    const { status } = await awaitRestore(cluster, 'moved')
    expect(status).toMatchObject({
      phase: 'Completed',
      restoreItemOperationsAttempted: 3,
      restoreItemOperationsCompleted: 3,
    })
    const files = await readResultFiles(cluster, 'moved')
    const [operation] = files.itemOperations as RestoreOperation[]
    expect(operation?.spec).toMatchObject({
      restoreItemAction: 'velero.io/csi-pvc-restorer',
      resourceIdentifier: { Group: '', Resource: 'persistentvolumeclaims', Namespace: 'app', Name: 'data-1' },
    })
    expect(operation?.status).toMatchObject({
      phase: 'Completed',
      nCompleted: 1e6,
      nTotal: 1e6,
      operationUnits: 'Bytes',
    })
    expect(files.volumeInfo).toHaveLength(3)
    expect(files.volumeInfo?.[0]).toMatchObject({
      pvcNamespace: 'app',
      restoreMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      snapshotDataMovementInfo: { dataMover: 'velero', uploaderType: 'kopia', size: 0, Phase: '' },
    })
  })

  it('makes DataDownloads that Velero’s node agents understand', async () => {
    const [download] = await downloads('moved')
    expect(download?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Restore', name: 'moved', controller: true })
    expect(download?.metadata.labels).toMatchObject({ 'velero.io/restore-name': 'moved' })
    expect(download?.['spec']).toMatchObject({
      targetVolume: { pv: '', namespace: 'app' },
      backupStorageLocation: 'default',
      sourceNamespace: 'app',
      operationTimeout: '10m0s',
      snapshotSize: 7,
    })
  })

  it('counts a failed operation once, in results, counts and phase, while the others go on', async () => {
    await putBackup(cluster, movedClaims('fails', 'bad', 2))
    verdicts.set('bad/data-1', { fail: 'the disk is full' })
    verdicts.set('bad/data-2', 'stuck')
    await restore('fails', 'fails')
    const failed = await awaitRestore(
      cluster,
      'fails',
      ({ status }) => status?.phase === 'WaitingForPluginOperationsPartiallyFailed',
    )
    expect(failed.status).toMatchObject({ errors: 1, restoreItemOperationsFailed: 1 })
    verdicts.delete('bad/data-2')
    const { status } = await awaitRestore(cluster, 'fails')
    expect(status).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 1,
      restoreItemOperationsCompleted: 1,
      restoreItemOperationsFailed: 1,
    })
    const { results } = await readResultFiles(cluster, 'fails')
    expect(results?.errors).toEqual({ velero: ['error from restore item operation: the disk is full'] })
  })

  it('gives up a DataDownload that never moves at the deadline of the Restore, and calls it off', async () => {
    await putBackup(cluster, movedClaims('stuck', 'still', 1))
    verdicts.set('still/data-1', 'stuck')
    await restore('stuck', 'stuck', { itemOperationTimeout: '3s' })
    const { status } = await awaitRestore(cluster, 'stuck')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1, restoreItemOperationsFailed: 1 })
    const { results, itemOperations } = await readResultFiles(cluster, 'stuck')
    expect(results?.errors.velero).toEqual(['error from restore item operation: Asynchronous action timed out'])
    expect((itemOperations as RestoreOperation[])[0]?.status).toMatchObject({
      phase: 'Failed',
      error: 'Asynchronous action timed out',
    })
    expect((await downloads('stuck'))[0]?.['spec']).toMatchObject({ cancel: true })
  })

  it('names a DataDownload that somebody deleted, after more than one look', async () => {
    await putBackup(cluster, movedClaims('deleted', 'lost', 1))
    verdicts.set('lost/data-1', 'stuck')
    await restore('deleted', 'deleted')
    await awaitRestore(cluster, 'deleted', ({ status }) => status?.phase === 'WaitingForPluginOperations')
    const [download] = await downloads('deleted')
    await withAdmin(cluster, (client) =>
      client.must('DELETE', `/apis/velero.io/v2alpha1/namespaces/velero/datadownloads/${download?.metadata.name}`),
    )
    const { status } = await awaitRestore(cluster, 'deleted')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', restoreItemOperationsFailed: 1 })
    const { results } = await readResultFiles(cluster, 'deleted')
    expect(results?.errors.velero).toEqual(["error from restore item operation: didn't find DataDownload"])
  })

  it('calls off what is under way when the restore is cancelled', async () => {
    await putBackup(cluster, movedClaims('called-off', 'off', 1))
    verdicts.set('off/data-1', 'stuck')
    await restore('called-off', 'called-off')
    await awaitRestore(cluster, 'called-off', ({ status }) => status?.phase === 'WaitingForPluginOperations')
    const path = '/apis/velero.io/v1/namespaces/velero/restores/called-off'
    const patch = { metadata: { annotations: { 'drydock.io/cancel': 'enough' } } }
    await withAdmin(cluster, (client) => client.must('PATCH', path, patch, 'application/merge-patch+json'))
    const { status } = await awaitRestore(cluster, 'called-off')
    expect(status).toMatchObject({
      phase: 'Failed',
      failureReason: 'cancelled: enough',
      restoreItemOperationsFailed: 1,
    })
    expect((await downloads('called-off'))[0]?.['spec']).toMatchObject({ cancel: true })
    const { itemOperations, results } = await readResultFiles(cluster, 'called-off')
    expect((itemOperations as RestoreOperation[])[0]?.status.phase).toBe('Failed')
    expect(results?.errors.velero).toHaveLength(status?.errors ?? 0)
  })

  it('goes on with the same operations after the worker is killed', async () => {
    await putBackup(cluster, movedClaims('killed', 'again', 2))
    verdicts.set('again/data-1', 'stuck')
    verdicts.set('again/data-2', 'stuck')
    await restore('killed', 'killed')
    await awaitRestore(cluster, 'killed', ({ status }) => status?.phase === 'WaitingForPluginOperations')
    worker.kill('SIGKILL')
    worker = await startWorker(cluster, env)
    verdicts.clear()
    const { status } = await awaitRestore(cluster, 'killed')
    expect(status).toMatchObject({ phase: 'Completed', restoreItemOperationsCompleted: 2 })
    expect(await downloads('killed')).toHaveLength(2)
  })
})
