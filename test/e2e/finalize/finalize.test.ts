import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { Restore } from '../../../velero/restore.ts'
import { aPod } from '../../kit/backups/a-pod.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import type { BackedUpItem } from '../../kit/backups/put-backup.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

const aClaim = (namespace: string, name: string, storageClassName: string): BackedUpItem => [
  'persistentvolumeclaims',
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName, resources: { requests: { storage: '1Gi' } } },
  },
]
const aConfigMap = (namespace: string, name: string): BackedUpItem => [
  'configmaps',
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { key: 'value' } },
]
const volumeOf = (pvcNamespace: string, pvcName: string) => ({
  pvcNamespace,
  pvcName,
  pvName: `old-${pvcName}`,
  backupMethod: 'CSISnapshot' as const,
  pvInfo: { reclaimPolicy: 'Retain', labels: { tier: 'gold' } },
})

describe('the finalization', () => {
  let cluster: TestCluster
  let worker: TestWorker
  const provisioning = new AbortController()

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], with: ['controllerManager'] })
    await withAdmin(cluster, async (admin) => {
      for (const [name, volumeBindingMode] of [
        ['fast', 'Immediate'],
        ['late', 'WaitForFirstConsumer'],
      ])
        await admin.must('POST', '/apis/storage.k8s.io/v1/storageclasses', {
          apiVersion: 'storage.k8s.io/v1',
          kind: 'StorageClass',
          metadata: { name },
          provisioner: 'example.com/none',
          volumeBindingMode,
        })
    })
    void provision(provisioning.signal)
    worker = await startWorker(cluster, { DRYDOCK_RESOURCE_TIMEOUT: '60s' })
  })
  afterAll(() => provisioning.abort())

  /** A small provisioner: gives each pending claim of class `fast` a volume with a label that says where it is. */
  async function provision(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await withAdmin(cluster, async (admin) => {
        const { body } = await admin.request('GET', '/api/v1/persistentvolumeclaims')
        for (const claim of (body as { items?: Manifest[] }).items ?? []) {
          const spec = claim['spec'] as { storageClassName?: string; volumeName?: string }
          if (spec.storageClassName !== 'fast' || spec.volumeName !== undefined) continue
          const { name, namespace, uid } = claim.metadata
          await admin.request('POST', '/api/v1/persistentvolumes', {
            apiVersion: 'v1',
            kind: 'PersistentVolume',
            metadata: { name: `pvc-${uid}`, labels: { 'topology.kubernetes.io/zone': 'z1', tier: 'none' } },
            spec: {
              accessModes: ['ReadWriteOnce'],
              capacity: { storage: '1Gi' },
              storageClassName: 'fast',
              persistentVolumeReclaimPolicy: 'Delete',
              claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid },
              csi: { driver: 'none.example.com', volumeHandle: uid },
            },
          })
        }
      }).catch(() => undefined)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }

  it('gives new volumes their reclaim policy and labels back, and leaves the provisioner’s own', async () => {
    const claims = ['a', 'b', 'c'].map((name) => aClaim('vol', name, 'fast'))
    const others = [aClaim('vol', 'idle', 'late'), aClaim('vol', 'classless', 'nowhere')]
    const volumeinfo = ['a', 'b', 'c', 'idle', 'classless'].map((name) => volumeOf('vol', name))
    await putBackup(cluster, { name: 'vol', items: [...claims, ...others], files: { volumeinfo } })
    await createRestore(cluster, { name: 'vol', spec: { backupName: 'vol' } })
    const { status } = await awaitRestore(cluster, 'vol')
    const { results } = await readResultFiles(cluster, 'vol')
    expect(results?.errors.namespaces?.['vol']).toEqual([
      'fail to patch dynamic PV, err: storageclasses.storage.k8s.io "nowhere" not found, PVC: classless, PV: old-classless',
    ])
    expect(results?.warnings.namespaces?.['vol']?.join()).toContain('PVC vol/idle is not bound')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1, warnings: 1, hookStatus: {} })
    await withAdmin(cluster, async (admin) => {
      for (const name of ['a', 'b', 'c']) {
        const claim = (await admin.must('GET', `/api/v1/namespaces/vol/persistentvolumeclaims/${name}`))
          .body as Manifest
        const volumeName = (claim['spec'] as { volumeName?: string }).volumeName
        const volume = (await admin.must('GET', `/api/v1/persistentvolumes/${volumeName}`)).body as Manifest
        expect(volume.metadata.labels).toEqual({ 'topology.kubernetes.io/zone': 'z1', tier: 'gold' })
        expect(volume['spec']).toMatchObject({ persistentVolumeReclaimPolicy: 'Retain' })
      }
    })
  })

  it('looks at the restored objects once more where the Restore asks for it', async () => {
    await putBackup(cluster, {
      name: 'look',
      items: [
        aConfigMap('look', 'same'),
        aConfigMap('look', 'changed'),
        aConfigMap('look', 'gone'),
        aPod('look', 'idle'),
        // It keeps the finalization from its look until all is changed.
        aConfigMap('held', 'late'),
      ],
    })
    await holdNamespace(cluster, 'held')
    await createRestore(cluster, {
      name: 'look',
      spec: { backupName: 'look' },
      annotations: { 'drydock.io/validate': 'true' },
    })
    await withAdmin(cluster, async (admin) => {
      const path = (name: string) => `/api/v1/namespaces/look/configmaps/${name}`
      await waitUntil(
        async () => (await admin.request('GET', path('changed'))).status === 200,
        60_000,
        'ConfigMap changed',
      )
      await waitUntil(async () => (await admin.request('GET', path('gone'))).status === 200, 60_000, 'ConfigMap gone')
      // The restore still writes the owners of their fields.
      await new Promise((resolve) => setTimeout(resolve, 3000))
      await admin.must('PATCH', path('changed'), { data: { key: 'other', more: '1' } }, 'application/merge-patch+json')
      await admin.must('DELETE', path('gone'))
    })
    await letNamespaceGo(cluster, 'held')
    const { status } = await awaitRestore(cluster, 'look')
    const { results } = await readResultFiles(cluster, 'look')
    expect(results?.warnings.namespaces?.['look']?.sort()).toEqual([
      'validation: configmaps/look/changed differs from what was restored in data.key',
      'validation: configmaps/look/gone is gone',
      'validation: pods/look/idle is not ready: its phase is Pending',
    ])
    expect(status).toMatchObject({ phase: 'Completed', warnings: 3 })
  })

  // At every call of every activity it is killed in test/activities/crash and test/sim; here three kills of a real worker do.
  it('killed at its first, a middle and its last activity, it ends as one that was left alone', async () => {
    const lost = { 'post.hook.restore.velero.io/command': 'true', 'post.hook.restore.velero.io/container': 'nowhere' }
    const items = (namespace: string) => [
      aClaim(namespace, 'a', 'fast'),
      aClaim(namespace, 'idle', 'late'),
      aPod(namespace, 'lost', { annotations: lost }),
    ]
    const volumeinfo = [volumeOf('kill', 'a'), volumeOf('kill', 'idle')]
    await putBackup(cluster, { name: 'kill', items: items('kill'), files: { volumeinfo } })
    const alone = await createRestore(cluster, {
      name: 'alone',
      spec: { backupName: 'kill', namespaceMapping: { kill: 'alone' } },
    })
    const left = await awaitRestore(cluster, 'alone')
    const whole = (await finalActivities(cluster, alone)).length
    expect(whole).toBeGreaterThanOrEqual(5)

    const restore = await createRestore(cluster, {
      name: 'killed',
      spec: { backupName: 'kill', namespaceMapping: { kill: 'killed' } },
    })
    for (const at of [1, Math.ceil(whole / 2), whole]) {
      await waitUntil(
        async () => (await finalActivities(cluster, restore)).length >= at,
        90_000,
        `activity ${at} of the finalization`,
      )
      if ((await getRestore(cluster, 'killed'))?.status?.completionTimestamp) break
      worker.kill('SIGKILL')
      worker = await startWorker(cluster, { DRYDOCK_RESOURCE_TIMEOUT: '60s' })
    }
    const { status } = await awaitRestore(cluster, 'killed')
    const counts = ({ phase, warnings, errors, hookStatus, progress }: NonNullable<Restore['status']>) => ({
      phase,
      warnings,
      errors,
      hookStatus,
      progress,
    })
    expect(counts(status ?? {})).toEqual(counts(left.status ?? {}))
    const [one, other] = [await readResultFiles(cluster, 'alone'), await readResultFiles(cluster, 'killed')]
    expect(JSON.parse(JSON.stringify(other.results).replaceAll('killed', 'alone'))).toEqual(one.results)
    expect(JSON.parse(JSON.stringify(other.resourceList).replaceAll('killed', 'alone'))).toEqual(one.resourceList)
  })
})

/** The activities that were scheduled since the restore entered its finalization, in order. */
async function finalActivities(cluster: TestCluster, restore: Restore): Promise<string[]> {
  const connection = await Connection.connect({ address: cluster.temporal.address })
  try {
    const { name, namespace = '', uid = '' } = restore.metadata
    const handle = new Client({ connection }).workflow.getHandle(workflowIdOf({ name, namespace, uid }))
    const { events } = await handle.fetchHistory()
    const types = (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
    )
    const from = types.indexOf('finalizeRestore')
    return from < 0 ? [] : types.slice(from)
  } catch {
    return []
  } finally {
    await connection.close()
  }
}
