import { beforeAll, describe, expect, it } from 'vitest'
import { many, manyItems, slowly } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, getRestore, listKeys, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, deleteVelero, eventsOf, getVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

const finalizer = 'restores.velero.io/external-resources-finalizer'

describe('deleting a restore', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    await putBackup(cluster, manyItems('many'))
    await startWorker(cluster, slowly)
  })

  const goes = async (name: string, within = 120_000) => {
    await deleteVelero(cluster, 'restores', name)
    await waitUntil(async () => (await getRestore(cluster, name)) === undefined, within, `Restore ${name} to go`)
  }
  const oldRestore = (name: string, spec: object, status: object) =>
    createVelero(cluster, 'restores', {
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { name, finalizers: [finalizer] },
      spec,
      status,
    })

  it('takes its files and its journal out of the bucket, then lets it go', async () => {
    await createRestore(cluster, { name: 'done', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    await awaitRestore(cluster, 'done')
    expect((await listKeys(cluster, 'restores/done/')).length).toBeGreaterThan(5)
    await goes('done')
    expect(await listKeys(cluster, 'restores/done/')).toEqual([])
  })

  it('cancels a running one first, and no object is written any more once it is gone', async () => {
    await createRestore(cluster, { name: 'running', spec: { backupName: 'many' } })
    await awaitRestore(cluster, 'running', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 0)
    await goes('running')
    const count = () =>
      withAdmin(cluster, async (client) => {
        const { body } = await client.must('GET', '/api/v1/namespaces/many/configmaps')
        return (body as { items: unknown[] }).items.length
      })
    const before = await count()
    expect(before).toBeLessThan(many)
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect(await count()).toBe(before)
    expect(await listKeys(cluster, 'restores/running/')).toEqual([])
  })

  it('works for one that failed its validation and for one that is over since Velero’s days', async () => {
    await createRestore(cluster, { name: 'invalid', spec: { backupName: 'nope' } })
    await awaitRestore(cluster, 'invalid')
    await goes('invalid')
    await oldRestore('old', { backupName: 'shop' }, { phase: 'Completed' })
    await goes('old')
    await oldRestore('waiting', { backupName: 'shop' }, { phase: 'WaitingForPluginOperations' })
    await goes('waiting')
  })

  it('lets one go whose backup is gone, and says by an Event what may be left', async () => {
    await oldRestore('orphan', { backupName: 'vanished' }, { phase: 'Completed' })
    await goes('orphan')
    const events = await eventsOf(cluster, 'orphan')
    expect(events).toContainEqual({
      type: 'Warning',
      reason: 'FilesLeft',
      note: 'deleted, but files may be left under restores/orphan/: Backup.velero.io "vanished" not found',
    })
  })

  it('lets one go whose bucket does not answer, within 45 s and with an Event', async () => {
    const location = await getVelero(cluster, 'backupstoragelocations', 'default')
    const config = location?.spec?.['config'] as Record<string, string>
    await createVelero(cluster, 'backupstoragelocations', {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: 'away' },
      spec: { ...location?.spec, default: false, config: { ...config, s3Url: 'http://127.0.0.1:9' } },
    })
    await createVelero(cluster, 'backups', {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'far' },
      spec: { storageLocation: 'away' },
    })
    await oldRestore('unreachable', { backupName: 'far' }, { phase: 'PartiallyFailed' })
    await goes('unreachable', 45_000)
    const left = (await eventsOf(cluster, 'unreachable')).find(({ reason }) => reason === 'FilesLeft')
    expect(left?.note).toContain('restores/unreachable/')
    expect(left?.note).toContain('127.0.0.1:9')
  })

  it('leaves the journal that a restore of the same name has in another cluster', async () => {
    await createRestore(cluster, { name: 'twin', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    const twin = await awaitRestore(cluster, 'twin')
    const other = await freshCluster({ backups: [] })
    await patchVelero(other, 'backupstoragelocations', 'default', {
      spec: { objectStorage: { prefix: cluster.prefix } },
    })
    const backup = await getVelero(cluster, 'backups', 'shop')
    await createVelero(other, 'backups', { ...backup, metadata: { name: 'shop' } })
    await startWorker(other)
    await createRestore(other, { name: 'twin', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    await awaitRestore(other, 'twin')
    await deleteVelero(other, 'restores', 'twin')
    await waitUntil(async () => (await getRestore(other, 'twin')) === undefined, 120_000, 'the other twin to go')
    const keys = await listKeys(cluster, 'restores/twin/')
    expect(keys.every((key) => key.startsWith(`restores/twin/drydock/${twin.metadata.uid}/`))).toBe(true)
    expect(keys.length).toBeGreaterThan(0)
  })
})
