import { expect, it } from 'vitest'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { freshCluster } from '../../kit/stack.ts'
import { aGroupSnapshot, installSnapshotKinds, snapshotPaths } from '../../kit/backups/snapshot-kinds.ts'
import { aNamespace } from '../../kit/backups/volume-backups.ts'
import { startWorker } from '../../kit/worker.ts'
import type { Manifest } from '../../../velero/manifest.ts'

it('snapshots of one group share a stub, to which each adds its handle, and its status is set', async () => {
  const cluster = await freshCluster({ backups: [] })
  await installSnapshotKinds(cluster)
  const names = ['a', 'b', 'c', 'd', 'e']
  await putBackup(cluster, {
    name: 'group',
    items: [aNamespace('app'), ...names.map((name) => aGroupSnapshot('app', name, 'group-handle'))],
  })
  await startWorker(cluster, { DRYDOCK_FEATURES: 'EnableCSI' })
  await createRestore(cluster, { name: 'group', spec: { backupName: 'group' } })
  const { status } = await awaitRestore(cluster, 'group')
  const { results } = await readResultFiles(cluster, 'group')
  expect({ status, results }).toMatchObject({ results: { errors: {} } })
  const { items } = (await withAdmin(cluster, (client) => client.must('GET', snapshotPaths.stubs))).body as {
    items: Manifest[]
  }
  expect(items).toHaveLength(1)
  const { source } = items[0]!['spec'] as {
    source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: string; volumeSnapshotHandles: string[] } }
  }
  expect(source.groupSnapshotHandles.volumeGroupSnapshotHandle).toBe('group-handle')
  expect(source.groupSnapshotHandles.volumeSnapshotHandles.toSorted()).toEqual(names.map((name) => `handle-${name}`))
  expect(items[0]?.['status']).toEqual({ volumeGroupSnapshotHandle: 'group-handle' })
})
