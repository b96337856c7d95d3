import { beforeAll, describe, expect, it } from 'vitest'
import { awaitRestore, createRestore, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

describe('a location that cannot be used', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    // Nobody looks at locations here, so that they stay as the tests have made them.
    await startWorker(cluster, { DRYDOCK_WITHOUT_VELERO: 'present' })
  })

  it('a bucket that is not there ends Failed before an object is written', async () => {
    await withAdmin(cluster, async (admin) => {
      const location = (await admin.must('GET', '/apis/velero.io/v1/namespaces/velero/backupstoragelocations/default'))
        .body as { spec: { objectStorage: object } }
      await admin.must('POST', '/apis/velero.io/v1/namespaces/velero/backupstoragelocations', {
        apiVersion: 'velero.io/v1',
        kind: 'BackupStorageLocation',
        metadata: { name: 'nowhere', namespace: 'velero' },
        spec: { ...location.spec, objectStorage: { bucket: 'no-such-bucket' } },
        status: { phase: 'Available' },
      })
      await admin.must('POST', '/apis/velero.io/v1/namespaces/velero/backups', {
        apiVersion: 'velero.io/v1',
        kind: 'Backup',
        metadata: { name: 'in-nowhere', namespace: 'velero' },
        spec: { storageLocation: 'nowhere' },
        status: { phase: 'Completed' },
      })
    })
    await createRestore(cluster, { name: 'no-bucket', spec: { backupName: 'in-nowhere' } })
    const { status } = await awaitRestore(cluster, 'no-bucket')
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(/no-such-bucket/)
  })

  it('wrong credentials end Failed with one clear reason that holds no credential', async () => {
    await withAdmin(cluster, async (admin) => {
      const location = (await admin.must('GET', '/apis/velero.io/v1/namespaces/velero/backupstoragelocations/default'))
        .body as { spec: object }
      const ini = '[default]\naws_access_key_id=wrong-key-id\naws_secret_access_key=wrong-secret-value\n'
      await admin.must('POST', '/api/v1/namespaces/velero/secrets', {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'wrong', namespace: 'velero' },
        stringData: { cloud: ini },
      })
      await admin.must('POST', '/apis/velero.io/v1/namespaces/velero/backupstoragelocations', {
        apiVersion: 'velero.io/v1',
        kind: 'BackupStorageLocation',
        metadata: { name: 'locked', namespace: 'velero' },
        spec: { ...location.spec, credential: { name: 'wrong', key: 'cloud' } },
        status: { phase: 'Available' },
      })
      await admin.must('POST', '/apis/velero.io/v1/namespaces/velero/backups', {
        apiVersion: 'velero.io/v1',
        kind: 'Backup',
        metadata: { name: 'in-locked', namespace: 'velero' },
        spec: { storageLocation: 'locked' },
        status: { phase: 'Completed' },
      })
    })
    await createRestore(cluster, { name: 'locked-out', spec: { backupName: 'in-locked' } })
    const { status } = await awaitRestore(cluster, 'locked-out')
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(/locked/)
    expect(JSON.stringify(status)).not.toContain('wrong-secret-value')
  })
})
