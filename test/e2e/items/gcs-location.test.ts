import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Restore } from '../../../velero/restore.ts'
import { fillGcs, gcpPlugin, serviceAccountSecret, startGcs } from '../../kit/velero/gcs.ts'
import type { GcsServer } from '../../kit/velero/gcs.ts'
import { awaitRestore, createRestore, withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { fixturePath, freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, getVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

describe('a backup location of Google Cloud Storage', () => {
  let cluster: TestCluster
  let gcs: GcsServer
  beforeAll(async () => {
    const plugins = mkdtempSync(join(tmpdir(), 'drydock-plugins-'))
    whenFileIsOver(() => rmSync(plugins, { recursive: true, force: true }))
    copyFileSync(await gcpPlugin(), join(plugins, 'velero-plugin-for-gcp'))
    gcs = await startGcs()
    await gcs.createBucket('google')
    await fillGcs(gcs, 'google', { folder: fixturePath('backups/shop'), prefix: 'own/backups/shop/' })
    cluster = await freshCluster({ backups: [] })
    await withAdmin(cluster, (admin) =>
      admin.must('POST', '/api/v1/namespaces/velero/secrets', serviceAccountSecret('google')),
    )
    await createVelero(cluster, 'backupstoragelocations', {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: 'google', namespace: 'velero' },
      spec: {
        provider: 'gcp',
        objectStorage: { bucket: 'google', prefix: 'own' },
        credential: { name: 'google', key: 'cloud' },
      },
    })
    await startWorker(cluster, {
      DRYDOCK_PLUGIN_DIR: plugins,
      DRYDOCK_PLUGIN_CALLS: '16',
      STORAGE_EMULATOR_HOST: gcs.url.slice('http://'.length),
    })
  })

  it('is checked, brings its backups into the cluster, and has a whole restore from it by the plugin for it', async () => {
    await waitUntil(
      async () => (await getVelero(cluster, 'backups', 'shop'))?.status?.['phase'] === 'Completed',
      120_000,
      'the Backup from the bucket',
    )
    expect((await getVelero(cluster, 'backupstoragelocations', 'google'))?.status?.['phase']).toBe('Available')
    await createRestore(cluster, { name: 'from-google', spec: { backupName: 'shop' } })
    const { status } = await awaitRestore(cluster, 'from-google')
    // As Velero restores it from S3.
    const golden = JSON.parse(readFileSync(fixturePath('golden/default/restore.json'), 'utf8')) as Restore
    const { phase, errors, progress } = golden.status ?? {}
    expect(status).toMatchObject({ phase, errors, progress })
    const keys = await gcs.keys('google')
    expect(keys).toContain('own/restores/from-google/restore-from-google-results.gz')
    expect(keys.filter((key) => key.includes('/unsettled/'))).toEqual([])
  })

  it('has an address for a DownloadRequest, which the plugin signs', async () => {
    await createVelero(cluster, 'downloadrequests', {
      apiVersion: 'velero.io/v1',
      kind: 'DownloadRequest',
      metadata: { name: 'log' },
      spec: { target: { kind: 'RestoreLog', name: 'from-google' } },
    })
    const address = async () => (await getVelero(cluster, 'downloadrequests', 'log'))?.status?.['downloadURL']
    await waitUntil(async () => (await address()) !== undefined, 60_000, 'the address')
    expect(String(await address())).toContain('/google/own/restores/from-google/restore-from-google-logs.gz?')
  })
})
