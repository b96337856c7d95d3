import { DeleteObjectsCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBucket, uploadFolder } from '../../../devstack/bucket.ts'
import { awaitRestore, createRestore, getRestore, listKeys } from '../../kit/restores.ts'
import { fixturePath, freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, getVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

describe('backups and locations without a Velero server', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster()
    await patchVelero(cluster, 'backupstoragelocations', 'default', {
      spec: { backupSyncPeriod: '1s', validationFrequency: '1s' },
    })
    await startWorker(cluster)
  })

  const put = async (key: string, body: string | Buffer) => {
    const client = openBucket(cluster.s3)
    await client.send(new PutObjectCommand({ Bucket: cluster.s3.bucket, Key: `${cluster.prefix}/${key}`, Body: body }))
    client.destroy()
  }
  const removeAll = async (prefix: string) => {
    const keys = await listKeys(cluster, prefix)
    const Objects = keys.map((key) => ({ Key: `${cluster.prefix}/${key}` }))
    const client = openBucket(cluster.s3)
    await client.send(new DeleteObjectsCommand({ Bucket: cluster.s3.bucket, Delete: { Objects } }))
    client.destroy()
  }
  const backup = (name: string) => getVelero(cluster, 'backups', name)
  const comes = (name: string) => waitUntil(async () => (await backup(name)) !== undefined, 60_000, `Backup ${name}`)
  const metadata = (name: string, status: object, more: object = {}) =>
    JSON.stringify({ apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name, ...more }, spec: {}, status })

  it('brings a backup that appears in the bucket into the cluster, restorable', async () => {
    await uploadFolder(cluster.s3, fixturePath('backups/full'), `${cluster.prefix}/backups/full/`)
    await comes('full')
    const found = await backup('full')
    expect(found?.metadata.labels?.['velero.io/storage-location']).toBe('default')
    expect(found?.spec?.['storageLocation']).toBe('default')
    expect(found?.spec?.['hooks'] ?? {}).toEqual({})
    await createRestore(cluster, { name: 'of-full', spec: { backupName: 'full', includedResources: ['configmaps'] } })
    expect((await awaitRestore(cluster, 'of-full')).status?.phase).toBe('Completed')
  })

  it('brings PodVolumeBackups along, owned by the new Backup', async () => {
    const podVolume = {
      kind: 'PodVolumeBackup',
      apiVersion: 'velero.io/v1',
      metadata: {
        name: 'pvb-1',
        namespace: 'elsewhere',
        labels: { 'velero.io/backup-name': 'vols', 'velero.io/backup-uid': 'old' },
        ownerReferences: [{ apiVersion: 'velero.io/v1', kind: 'Backup', name: 'vols', uid: 'old', controller: true }],
      },
      spec: {
        node: 'n',
        pod: { name: 'p' },
        volume: 'v',
        backupStorageLocation: 'other',
        repoIdentifier: '',
        uploaderType: 'kopia',
      },
      status: { phase: 'Completed' },
    }
    await put('backups/vols/vols-podvolumebackups.json.gz', gzipSync(JSON.stringify([podVolume])))
    await put('backups/vols/velero-backup.json', metadata('vols', { phase: 'Completed' }))
    await comes('vols')
    await waitUntil(async () => (await getVelero(cluster, 'podvolumebackups', 'pvb-1')) !== undefined, 30_000, 'pvb-1')
    const uid = (await backup('vols'))?.metadata.uid
    const found = await getVelero(cluster, 'podvolumebackups', 'pvb-1')
    expect(found?.metadata.ownerReferences?.[0]?.uid).toBe(uid)
    expect(found?.metadata.labels?.['velero.io/backup-uid']).toBe(uid)
    expect(found?.spec?.['backupStorageLocation']).toBe('default')
  })

  it('leaves out what is unfinished, damaged or of another name, and brings the rest', async () => {
    await put('backups/a-damaged/velero-backup.json', '{')
    await put('backups/b-unfinished/velero-backup.json', metadata('b-unfinished', { phase: 'Finalizing' }))
    await put('backups/c-misnamed/velero-backup.json', metadata('other', { phase: 'Completed' }))
    await put('backups/d-new/velero-backup.json', metadata('d-new', {}))
    await put('backups/e-bare/other.txt', 'x')
    await put(
      'backups/f-expired/velero-backup.json',
      metadata('f-expired', { phase: 'Finalizing', expiration: '2026-01-01T00:00:00Z' }),
    )
    await put(
      'backups/g-fine/velero-backup.json',
      metadata(
        'g-fine',
        { phase: 'PartiallyFailed' },
        {
          ownerReferences: [{ apiVersion: 'velero.io/v1', kind: 'Schedule', name: 'gone', uid: 'u' }],
        },
      ),
    )
    await comes('g-fine')
    expect((await backup('g-fine'))?.metadata.ownerReferences).toBeUndefined()
    expect((await backup('f-expired'))?.status?.['phase']).toBe('PartiallyFailed')
    for (const name of ['a-damaged', 'b-unfinished', 'c-misnamed', 'other', 'd-new', 'e-bare'])
      expect(await backup(name), name).toBeUndefined()
  })

  it('removes a Backup whose folder is gone, with its restores that are over, but none that was made by hand', async () => {
    await createVelero(cluster, 'backups', {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name: 'by-hand' },
      spec: { storageLocation: 'default' },
      status: { phase: 'Completed' },
    })
    await removeAll('backups/full/')
    await waitUntil(async () => (await backup('full')) === undefined, 60_000, 'Backup full to go')
    await waitUntil(async () => (await getRestore(cluster, 'of-full')) === undefined, 60_000, 'its restore to go')
    expect(await listKeys(cluster, 'restores/of-full/')).toEqual([])
    expect(await backup('by-hand')).toBeDefined()
  })

  it('tells a location with foreign folders, or one that cannot be opened, Unavailable, and Available once that is mended', async () => {
    const phase = async () => (await getVelero(cluster, 'backupstoragelocations', 'default'))?.status
    await put('foo/x', 'x')
    await waitUntil(async () => (await phase())?.['phase'] === 'Unavailable', 60_000, 'Unavailable')
    expect((await phase())?.['message']).toBe(
      'BackupStorageLocation "default" is unavailable: Backup store contains invalid top-level directories: [foo]',
    )
    await removeAll('foo/')
    await waitUntil(async () => (await phase())?.['phase'] === 'Available', 60_000, 'Available')
    expect((await phase())?.['message']).toBeUndefined()
    const location = await getVelero(cluster, 'backupstoragelocations', 'default')
    await createVelero(cluster, 'backupstoragelocations', {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: 'wrong' },
      spec: { ...location?.spec, default: false, config: { oops: '1' }, validationFrequency: '0s' },
    })
    const wrong = async () => (await getVelero(cluster, 'backupstoragelocations', 'wrong'))?.status
    await waitUntil(async () => (await wrong())?.['phase'] === 'Unavailable', 60_000, 'wrong to be Unavailable')
    expect((await wrong())?.['message']).toContain('config has invalid keys [oops]')
  })
})
