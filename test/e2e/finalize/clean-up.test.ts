import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import type { BackupVolumeInfo } from '../../../velero/volume-info.ts'
import { runClient } from '../../kit/client.ts'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import type { Verdict } from '../../kit/velero/node-agent.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { aGroupedSnapshot, aStub, installSnapshotKinds, snapshotPaths } from '../../kit/backups/snapshot-kinds.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { aNamespace, movedClaims } from '../../kit/backups/volume-backups.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

const env = { DRYDOCK_FEATURES: 'EnableCSI', DRYDOCK_ITEM_OPERATION_SYNC: '1s' }
const deadlineSeconds = 15
const strangerUid = '00000000-1111-2222-3333-444444444444'
const uploadLabels = (uid: string) => ({ 'velero.io/restore-uid': uid, 'velero.io/resource-usage': 'DataUpload' })

describe('the clean-up of a restore', () => {
  let cluster: TestCluster
  let worker: TestWorker
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [] })
    await installSnapshotKinds(cluster)
    worker = await startWorker(cluster, env)
  })

  const list = async (path: string): Promise<Manifest[]> =>
    withAdmin(cluster, async (admin) => ((await admin.must('GET', path)).body as { items: Manifest[] }).items)
  const namesOf = async (path: string) => (await list(path)).map(({ metadata }) => metadata.name)
  const post = (path: string, body: object) => withAdmin(cluster, (admin) => admin.must('POST', path, body))
  const stubsOf = async (restore: string) =>
    (await list(snapshotPaths.stubs)).filter(({ metadata }) => metadata.labels?.['velero.io/restore-name'] === restore)

  /** A backup of snapshots that were taken in groups: by group, the names of its snapshots. */
  async function putGroups(name: string, groups: Record<string, readonly string[]>): Promise<void> {
    const volumes = Object.entries(groups).flatMap(([volumeGroupSnapshotHandle, snapshots]) =>
      snapshots.map((snapshot): BackupVolumeInfo => ({
        pvcNamespace: name,
        pvcName: snapshot,
        backupMethod: 'CSISnapshot',
        csiSnapshotInfo: { snapshotHandle: `handle-${snapshot}`, driver: 'd', volumeGroupSnapshotHandle },
      })),
    )
    const items = Object.entries(groups).flatMap(([group, snapshots]) =>
      snapshots.flatMap((snapshot) => aGroupedSnapshot(name, snapshot, group)),
    )
    await putBackup(cluster, { name, items: [aNamespace(name), ...items], files: { volumeinfo: volumes } })
  }

  /** What the driver's controller does in the end. */
  async function makeReady(restore: string, handles: readonly string[]): Promise<void> {
    for (const content of await list(`${snapshotPaths.contents}?labelSelector=velero.io/restore-name=${restore}`)) {
      const { source } = content['spec'] as { source: { snapshotHandle: string } }
      if (!handles.includes(source.snapshotHandle)) continue
      const path = `${snapshotPaths.contents}/${content.metadata.name}/status`
      const patch = { status: { readyToUse: true, snapshotHandle: source.snapshotHandle } }
      await withAdmin(cluster, (admin) => admin.must('PATCH', path, patch, 'application/merge-patch+json'))
    }
  }

  it('removes the ConfigMaps that told of the data mover, and leaves those of others', async () => {
    let verdict: Verdict = 'stuck'
    await startNodeAgent(cluster, { verdict: () => verdict })
    const path = '/api/v1/namespaces/velero/configmaps'
    const [name, uid] = ['moved', strangerUid]
    await post(path, { metadata: { name: 'of-another-restore', labels: uploadLabels(uid) } })
    await putBackup(cluster, movedClaims(name, 'app', 2))
    const { metadata } = await createRestore(cluster, { name, spec: { backupName: name } })
    await waitUntil(
      async () => (await namesOf(`${path}?labelSelector=velero.io/restore-uid=${metadata.uid}`)).length === 2,
      60_000,
      'a ConfigMap of each DataUpload',
    )
    await post(path, { metadata: { name: 'for-another-use', labels: { 'velero.io/restore-uid': metadata.uid } } })
    verdict = 'complete'
    const { status } = await awaitRestore(cluster, name)
    expect(status).toMatchObject({ phase: 'Completed', restoreItemOperationsCompleted: 2 })
    expect(await namesOf(`${path}?labelSelector=velero.io/restore-uid`)).toEqual([
      'for-another-use',
      'of-another-restore',
    ])
  })

  it('removes the stub of a group once its snapshots are ready, not before', async () => {
    await putGroups('ready', { g: ['a', 'b'] })
    await post(snapshotPaths.stubs, aStub('namesake', labelsOf('ready', strangerUid)))
    await createRestore(cluster, { name: 'ready', spec: { backupName: 'ready' } })
    await awaitRestore(cluster, 'ready', ({ status }) => status?.phase === 'Finalizing')
    await makeReady('ready', ['handle-a'])
    await waitUntil(
      async () => /VolumeSnapshotContent \S+ to be ready/.test((await runClient(cluster, ['describe', 'ready'])).out),
      60_000,
      'describe to tell of the wait',
    )
    expect(await stubsOf('ready')).toHaveLength(2)
    await makeReady('ready', ['handle-b'])
    const { status } = await awaitRestore(cluster, 'ready')
    expect(status).toMatchObject({ phase: 'Completed' })
    expect(status?.warnings).toBeUndefined()
    expect((await stubsOf('ready')).map(({ metadata }) => metadata.name)).toEqual(['namesake'])
  })

  it('removes a stub whose snapshots never get ready at the deadline, with Velero’s warning', async () => {
    await worker.stop()
    await startWorker(cluster, { ...env, DRYDOCK_RESOURCE_TIMEOUT: `${deadlineSeconds}s` })
    await putGroups('never', { slow: ['c'], quick: ['d'] })
    const begun = performance.now()
    await createRestore(cluster, { name: 'never', spec: { backupName: 'never' } })
    await awaitRestore(cluster, 'never', ({ status }) => status?.phase === 'Finalizing')
    await makeReady('never', ['handle-d'])
    const slow = (await stubsOf('never')).find((stub) => JSON.stringify(stub).includes('handle-c'))
    const { status } = await awaitRestore(cluster, 'never')
    const waitedSeconds = (performance.now() - begun) / 1000
    expect(status).toMatchObject({ phase: 'Completed', warnings: 1 })
    expect(waitedSeconds).toBeGreaterThan(deadlineSeconds)
    const { results } = await readResultFiles(cluster, 'never')
    expect(results?.warnings).toEqual({
      namespaces: {
        cluster: [`timed out waiting for VSCs related to VGSC ${slow?.metadata.name}: context deadline exceeded`],
      },
    })
    expect(await stubsOf('never')).toEqual([])
  })

  it('warns where the cluster does not know group snapshots any more', async () => {
    await putGroups('unknown', { g: ['e'] })
    const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    await withAdmin(cluster, async (admin) => {
      await admin.must('DELETE', `${definitions}/volumegroupsnapshotcontents.groupsnapshot.storage.k8s.io`)
      await waitUntil(
        async () => (await admin.request('GET', snapshotPaths.stubs)).status === 404,
        30_000,
        'the kind to be gone',
      )
    })
    await createRestore(cluster, { name: 'unknown', spec: { backupName: 'unknown' } })
    const { status } = await awaitRestore(cluster, 'unknown')
    expect(status).toMatchObject({ phase: 'Completed', warnings: 1 })
    const { results } = await readResultFiles(cluster, 'unknown')
    expect(results?.warnings.namespaces?.['cluster']).toEqual([
      expect.stringMatching(/^failed to list stub VolumeGroupSnapshotContents: /),
    ])
  })
})

function labelsOf(name: string, uid: string): Record<string, string> {
  return { 'velero.io/restore-name': name, 'velero.io/restore-uid': uid }
}
