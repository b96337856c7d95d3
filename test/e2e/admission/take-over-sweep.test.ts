import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drydockVeleroFlags } from '../../../devstack/services/velero.ts'
import { pauseSignal, resumeSignal, workflowIdOf } from '../../../contract/restore-workflow.ts'
import { many, manyItems, slowly } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, getRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, eventsOf } from '../../kit/velero/velero-objects.ts'
import { startVeleroServer } from '../../kit/velero/velero-server.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

describe('a Velero server that starts while restores run', () => {
  let cluster: TestCluster
  let connection: Connection
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    await putBackup(cluster, manyItems('many'))
    connection = await Connection.connect({ address: cluster.temporal.address })
    await startWorker(cluster, slowly)
  })
  afterAll(() => connection.close())

  it('marks them Failed, as it does; each is put back at once, with an Event that names what was called off', async () => {
    const restore = await createRestore(cluster, { name: 'swept', spec: { backupName: 'many' } })
    const uid = restore.metadata.uid ?? ''
    const workflow = new Client({ connection }).workflow.getHandle(
      workflowIdOf({ namespace: cluster.veleroNamespace, name: 'swept', uid }),
    )
    await awaitRestore(cluster, 'swept', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 0)
    await workflow.signal(pauseSignal)
    await createVelero(cluster, 'podvolumerestores', {
      apiVersion: 'velero.io/v1',
      kind: 'PodVolumeRestore',
      metadata: { name: 'a-volume', labels: { 'velero.io/restore-uid': uid } },
      spec: {
        backupStorageLocation: 'default',
        pod: {},
        repoIdentifier: '',
        snapshotID: 's',
        sourceNamespace: 'n',
        uploaderType: 'kopia',
        volume: 'v',
      },
      status: { phase: 'InProgress' },
    })
    await startVeleroServer(cluster, drydockVeleroFlags)
    const reasons = async () => (await eventsOf(cluster, 'swept')).map(({ reason }) => reason)
    await waitUntil(async () => (await reasons()).includes('SweptByVelero'), 120_000, 'the Event of the sweep')
    const swept = (await eventsOf(cluster, 'swept')).find(({ reason }) => reason === 'SweptByVelero')
    expect(swept?.note).toContain('put back to InProgress; it cancelled PodVolumeRestore a-volume')
    const { status } = (await getRestore(cluster, 'swept')) ?? {}
    expect(status?.phase).toBe('InProgress')
    expect(status?.failureReason).toBeUndefined()
    expect(status?.completionTimestamp).toBeUndefined()
    await workflow.signal(resumeSignal)
    const done = await awaitRestore(cluster, 'swept', undefined, 240_000)
    expect(done.status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: many + 1 } })
    expect(done.status?.failureReason).toBeUndefined()
  })
})
