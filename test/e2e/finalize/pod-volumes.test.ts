import { beforeAll, describe, expect, it } from 'vitest'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import type { Verdict } from '../../kit/velero/node-agent.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { podsWithVolumes } from '../../kit/backups/volume-backups.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'
import type { Manifest } from '../../../velero/manifest.ts'

/** The worker looks every two seconds, so this is a few looks for the stand-in to make a repository ready. */
const env = { DRYDOCK_RESOURCE_TIMEOUT: '10s' }
const orders = '/apis/velero.io/v1/namespaces/velero/podvolumerestores'

async function ordersOf(cluster: TestCluster, restore: string): Promise<Manifest[]> {
  const path = `${orders}?labelSelector=velero.io/restore-name=${restore}`
  return withAdmin(cluster, async (client) => ((await client.must('GET', path)).body as { items: Manifest[] }).items)
}

const remove = (cluster: TestCluster, path: string) => withAdmin(cluster, (client) => client.must('DELETE', path))

describe('volumes of pods on a cluster with node agents', () => {
  let cluster: TestCluster
  let worker: TestWorker
  /** By `<namespace>/<pod>/<volume>`. */
  const verdicts = new Map<string, Verdict>()
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    worker = await startWorker(cluster, env)
    await startNodeAgent(cluster, {
      verdict: (order) => {
        const { pod, volume } = order['spec'] as { pod: { namespace: string; name: string }; volume: string }
        return verdicts.get(`${pod.namespace}/${pod.name}/${volume}`) ?? 'complete'
      },
    })
  })

  it('asks for each volume as Velero does, waits for it and ends Completed', async () => {
    await putBackup(
      cluster,
      podsWithVolumes('files', 'app', [
        { name: 'web', volumes: { data: 'web-data', logs: 'web-logs' } },
        { name: 'db', volumes: { data: 'db-data' } },
      ]),
    )
    await createRestore(cluster, { name: 'files', spec: { backupName: 'files', namespaceMapping: { app: 'copy' } } })
    const { status, metadata } = await awaitRestore(cluster, 'files')
    expect(status).toMatchObject({ phase: 'Completed' })
    const made = await ordersOf(cluster, 'files')
    expect(made).toHaveLength(3)
    const order = made.find(({ spec }) => (spec as { volume: string }).volume === 'logs')
    expect(order?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Restore', name: 'files', controller: true })
    expect(order?.metadata.labels).toMatchObject({
      'velero.io/restore-name': 'files',
      'velero.io/restore-uid': metadata.uid,
      'velero.io/pvc-uid': expect.any(String),
    })
    expect(order?.['spec']).toMatchObject({
      pod: { kind: 'Pod', namespace: 'copy', name: 'web', uid: order?.metadata.labels?.['velero.io/pod-uid'] },
      volume: 'logs',
      backupStorageLocation: 'default',
      repoIdentifier: '',
      uploaderType: 'kopia',
      snapshotID: 'snap-web-logs',
      snapshotSize: 1e6,
      sourceNamespace: 'app',
    })
    const { volumeInfo } = await readResultFiles(cluster, 'files')
    expect(volumeInfo).toHaveLength(3)
    expect(volumeInfo).toContainEqual({
      pvcName: 'web-logs',
      pvcNamespace: 'copy',
      restoreMethod: 'PodVolumeRestore',
      snapshotDataMoved: false,
      pvrInfo: {
        snapshotHandle: 'snap-web-logs',
        size: 1e6,
        uploaderType: 'kopia',
        volumeName: 'logs',
        podName: 'web',
        podNamespace: 'copy',
        Phase: '',
      },
    })
  })

  it('ensures the backup repository under the name and labels that Velero’s server looks for', async () => {
    const path = '/apis/velero.io/v1/namespaces/velero/backuprepositories/app-default-kopia'
    const repository = await withAdmin(cluster, async (client) => (await client.must('GET', path)).body as Manifest)
    expect(repository.metadata.labels).toMatchObject({
      'velero.io/volume-namespace': 'app',
      'velero.io/storage-location': 'default',
      'velero.io/repository-type': 'kopia',
    })
    expect(repository['spec']).toMatchObject({ volumeNamespace: 'app', backupStorageLocation: 'default' })
  })

  it('says of a failed volume what the node agent said, and of a helper that never comes which pod it was', async () => {
    const pods = ['bad', 'good', 'mute'].map((name) => ({ name, volumes: { data: `${name}-data` } }))
    await putBackup(cluster, podsWithVolumes('mixed', 'mix', pods))
    verdicts.set('mix/bad/data', { fail: 'no space left' })
    verdicts.set('mix/mute/data', 'stuck')
    const annotations = { 'velero.io/pod-volume-timeout': '20s' }
    await createRestore(cluster, { name: 'mixed', spec: { backupName: 'mixed' }, annotations })
    const { status } = await awaitRestore(cluster, 'mixed')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 2 })
    const { results } = await readResultFiles(cluster, 'mixed')
    expect(results?.errors.velero).toEqual([
      'pod volume restore failed: no space left',
      'timed out waiting for all PodVolumeRestores to complete: pod mix/mute, volume data',
    ])
    const phases = (await ordersOf(cluster, 'mixed')).map(
      (one) => (one['status'] as { phase?: string } | undefined)?.phase,
    )
    expect(phases.filter((phase) => phase === 'Completed')).toHaveLength(1)
    const [mute] = (await ordersOf(cluster, 'mixed')).filter(
      (one) => (one['status'] as object | undefined) === undefined,
    )
    expect(mute?.['spec']).toMatchObject({ cancel: true })
  })

  it('ends the waiting for a pod that was deleted', async () => {
    await putBackup(cluster, podsWithVolumes('gone', 'gone', [{ name: 'web', volumes: { data: 'web-data' } }]))
    verdicts.set('gone/web/data', 'stuck')
    await createRestore(cluster, { name: 'gone', spec: { backupName: 'gone' } })
    await waitUntil(async () => (await ordersOf(cluster, 'gone')).length === 1, 30_000, 'the order')
    await remove(cluster, '/api/v1/namespaces/gone/pods/web?gracePeriodSeconds=0')
    const { status } = await awaitRestore(cluster, 'gone')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const { results } = await readResultFiles(cluster, 'gone')
    expect(results?.errors.velero).toEqual(['pod volume restore cannot go on: pod gone/web was deleted'])
  })

  it('goes on after the worker is killed, with the same orders', async () => {
    await putBackup(cluster, podsWithVolumes('killed', 'again', [{ name: 'web', volumes: { data: 'web-data' } }]))
    verdicts.set('again/web/data', 'stuck')
    await createRestore(cluster, { name: 'killed', spec: { backupName: 'killed' } })
    await waitUntil(async () => (await ordersOf(cluster, 'killed')).length === 1, 30_000, 'the order')
    worker.kill('SIGKILL')
    worker = await startWorker(cluster, env)
    verdicts.clear()
    const { status } = await awaitRestore(cluster, 'killed')
    expect(status).toMatchObject({ phase: 'Completed' })
    expect(await ordersOf(cluster, 'killed')).toHaveLength(1)
  })

  it('calls orders off when the restore is cancelled', async () => {
    await putBackup(cluster, podsWithVolumes('off', 'off', [{ name: 'web', volumes: { data: 'web-data' } }]))
    verdicts.set('off/web/data', 'stuck')
    await createRestore(cluster, { name: 'off', spec: { backupName: 'off' } })
    await waitUntil(async () => (await ordersOf(cluster, 'off')).length === 1, 30_000, 'the order')
    const path = '/apis/velero.io/v1/namespaces/velero/restores/off'
    const patch = { metadata: { annotations: { 'drydock.io/cancel': 'enough' } } }
    await withAdmin(cluster, (client) => client.must('PATCH', path, patch, 'application/merge-patch+json'))
    const { status } = await awaitRestore(cluster, 'off')
    expect(status).toMatchObject({ phase: 'Failed', failureReason: 'cancelled: enough' })
    expect((await ordersOf(cluster, 'off'))[0]?.['spec']).toMatchObject({ cancel: true })
  })

  it('names a node on which no node agent runs, and a node that is gone', async () => {
    const pods = [{ name: 'web', volumes: { data: 'web-data' } }]
    await putBackup(cluster, podsWithVolumes('lonely', 'lonely', pods))
    await putBackup(cluster, podsWithVolumes('nowhere', 'nowhere', pods))
    verdicts.set('lonely/web/data', 'stuck')
    verdicts.set('nowhere/web/data', 'stuck')
    await createRestore(cluster, { name: 'lonely', spec: { backupName: 'lonely' } })
    await waitUntil(async () => (await ordersOf(cluster, 'lonely')).length === 1, 30_000, 'the order')
    await remove(cluster, '/api/v1/namespaces/velero/pods/node-agent-1?gracePeriodSeconds=0')
    await awaitRestore(cluster, 'lonely')
    expect((await readResultFiles(cluster, 'lonely')).results?.errors.velero).toEqual([
      'node-agent pod is not running in node node-1: daemonset pod not found in running state in node node-1',
    ])
    await remove(cluster, '/api/v1/nodes/node-1')
    await createRestore(cluster, { name: 'nowhere', spec: { backupName: 'nowhere' } })
    await awaitRestore(cluster, 'nowhere')
    expect((await readResultFiles(cluster, 'nowhere')).results?.errors.velero).toEqual([
      'pod volume restore cannot go on: node node-1 of pod nowhere/web is gone',
    ])
  })
})

describe('volumes of pods on a cluster without node agents', () => {
  it('gives Velero’s error once per pod, and the restore ends', async () => {
    const cluster = await freshCluster({ backups: [] })
    await startWorker(cluster, env)
    const pods = ['a', 'b'].map((name) => ({ name, volumes: { data: `${name}-data`, logs: `${name}-logs` } }))
    await putBackup(cluster, podsWithVolumes('bare', 'bare', pods))
    await createRestore(cluster, { name: 'bare', spec: { backupName: 'bare' } })
    const { status } = await awaitRestore(cluster, 'bare')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 2 })
    const { results } = await readResultFiles(cluster, 'bare')
    const text = 'error to check node agent status: daemonset not found'
    expect(results?.errors.velero).toEqual([text, text])
  })
})
