import { beforeAll, describe, expect, it } from 'vitest'
import { drydockVeleroFlags } from '../../../devstack/services/velero.ts'
import type { RestoreOperation } from '../../../velero/item-operation.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { Restore } from '../../../velero/restore.ts'
import type { BackupVolumeInfo } from '../../../velero/volume-info.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import type { Verdict } from '../../kit/velero/node-agent.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { eventsOf } from '../../kit/velero/velero-objects.ts'
import { startVeleroServer } from '../../kit/velero/velero-server.ts'
import { movedClaims } from '../../kit/backups/volume-backups.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

/** What becomes of the download of a claim; the others are carried out. */
const verdicts = new Map<string, (order: Order) => Verdict>()

interface Order extends Manifest {
  spec: { cancel?: boolean; targetVolume: { namespace: string; pvc: string } }
  status?: { phase?: string; message?: string }
}

const claimOf = ({ spec: { targetVolume } }: Order) => `${targetVolume.namespace}/${targetVolume.pvc}`
/** Moves data for as long as it is let. */
const onAndOn = ({ status }: Order): Verdict => (status?.phase === 'InProgress' ? 'stuck' : 'complete')
/** Likewise, until it is told to stop. */
const untilCancelled = (order: Order): Verdict => (order.spec.cancel === true ? 'complete' : onAndOn(order))

const fromOperation = 'error from restore item operation'
const calledOff = (order: Order) =>
  `${fromOperation}: DataDownload ${order.metadata.name} of claim ${claimOf(order)} is canceled: found the order marked as cancel`

/** Longer than any wait of these tests: a finalization that waits for a volume until then makes them fail. */
const resourceTimeoutSeconds = 600

describe('volumes whose data is called off', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    await startWorker(cluster, {
      DRYDOCK_FEATURES: 'EnableCSI',
      DRYDOCK_ITEM_OPERATION_SYNC: '1s',
      DRYDOCK_RESOURCE_TIMEOUT: `${resourceTimeoutSeconds}s`,
    })
    await startNodeAgent(cluster, {
      verdict: (order) => verdicts.get(claimOf(order as Order))?.(order as Order) ?? 'complete',
    })
  })

  async function downloads(restore: string): Promise<Order[]> {
    const path = `/apis/velero.io/v2alpha1/namespaces/velero/datadownloads?labelSelector=velero.io/restore-name=${restore}`
    return withAdmin(cluster, async (admin) => ((await admin.must('GET', path)).body as { items: Order[] }).items)
  }

  async function awaitPhase(restore: string, claim: string, phase: string): Promise<Order> {
    let found: Order | undefined
    await waitUntil(
      async () => {
        found = (await downloads(restore)).find((order) => claimOf(order) === claim)
        return found?.status?.phase === phase
      },
      60_000,
      `the download of ${claim} to be ${phase}`,
    )
    return found as Order
  }

  const cancel = (order: Order) =>
    withAdmin(cluster, (admin) =>
      admin.must(
        'PATCH',
        `/apis/velero.io/v2alpha1/namespaces/velero/datadownloads/${order.metadata.name}`,
        { spec: { cancel: true } },
        'application/merge-patch+json',
      ),
    )

  it('a claim whose download failed or was called off is not waited for in the finalization', async () => {
    const volumeinfo = [1, 2, 3].map((n): BackupVolumeInfo => ({
      pvcNamespace: 'app',
      pvcName: `data-${n}`,
      pvName: `old-${n}`,
      backupMethod: 'CSISnapshot',
      snapshotDataMoved: true,
      pvInfo: { reclaimPolicy: 'Retain', labels: { tier: 'gold' } },
    }))
    await putBackup(cluster, { ...movedClaims('moved', 'app', 3), files: { volumeinfo } })
    verdicts.set('new/data-1', () => ({ fail: 'the disk is full' }))
    verdicts.set('new/data-2', untilCancelled)
    await createRestore(cluster, {
      name: 'moved',
      spec: { backupName: 'moved', namespaceMapping: { app: 'new' } },
    })
    const called = await awaitPhase('moved', 'new/data-2', 'InProgress')
    await cancel(called)
    // Whoever looks again and again may miss a finalization that waits for nothing.
    const isFinalizing = ({ status }: Restore) => /^Finalizing|^PartiallyFailed/.test(status?.phase ?? '')
    await awaitRestore(cluster, 'moved', isFinalizing)
    const { status } = await awaitRestore(cluster, 'moved')
    expect(status).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 2,
      restoreItemOperationsCompleted: 1,
      restoreItemOperationsFailed: 2,
    })
    const { results, itemOperations } = await readResultFiles(cluster, 'moved')
    expect(results?.warnings).toEqual({})
    expect(results?.errors.velero?.toSorted()).toEqual([calledOff(called), `${fromOperation}: the disk is full`])
    expect((itemOperations as RestoreOperation[]).map((one) => one.status.phase)).toEqual([
      'Failed',
      'Failed',
      'Completed',
    ])
    const labelled = '/api/v1/persistentvolumes?labelSelector=tier=gold'
    const { body } = await withAdmin(cluster, (admin) => admin.must('GET', labelled))
    expect((body as { items: Manifest[] }).items).toMatchObject([
      { spec: { claimRef: { name: 'data-3', namespace: 'new' }, persistentVolumeReclaimPolicy: 'Retain' } },
    ])
  })

  // The Velero server of another file may have to end before this one can start.
  it('a download that a starting Velero server calls off is an error with its name, and the others go on', async () => {
    const moved = movedClaims('swept', 'swept', 3)
    const late: Manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace: 'held' } }
    await holdNamespace(cluster, 'held')
    await putBackup(cluster, { ...moved, items: [...moved.items, ['configmaps', late]] })
    verdicts.set('swept/data-1', untilCancelled)
    verdicts.set('swept/data-2', untilCancelled)
    await createRestore(cluster, { name: 'swept', spec: { backupName: 'swept' } })
    for (const claim of ['swept/data-1', 'swept/data-2']) await awaitPhase('swept', claim, 'InProgress')
    await awaitPhase('swept', 'swept/data-3', 'Completed')

    await startVeleroServer(cluster, drydockVeleroFlags)
    const called = [
      await awaitPhase('swept', 'swept/data-1', 'Canceled'),
      await awaitPhase('swept', 'swept/data-2', 'Canceled'),
    ]
    const sweep = async () => (await eventsOf(cluster, 'swept')).find(({ reason }) => reason === 'SweptByVelero')
    await waitUntil(async () => (await sweep()) !== undefined, 120_000, 'the Event of the sweep')
    expect((await sweep())?.note).toContain('put back to InProgress')

    await letNamespaceGo(cluster, 'held')
    const { status } = await awaitRestore(cluster, 'swept')
    expect(status).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 2,
      restoreItemOperationsAttempted: 3,
      restoreItemOperationsCompleted: 1,
      restoreItemOperationsFailed: 2,
      progress: { itemsRestored: 3 + 3 + 1 + 2 },
    })
    expect(status?.failureReason).toBeUndefined()
    const { results } = await readResultFiles(cluster, 'swept')
    expect(results?.errors.velero?.toSorted()).toEqual(called.map(calledOff).toSorted())
  })
})
