import { requestErrors } from '../../core/deletion/request-errors.ts'
import { PluginError } from '../../core/port-errors.ts'
import type { VolumeSnapshotLocation } from '../../velero/backup.ts'
import { backupVolumeSnapshotsKey } from '../../velero/object-keys.ts'
import type { NativeSnapshot } from '../../velero/volume-info.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Ports } from '../ports.ts'
import type { VolumeSnapshotter } from '../snapshotter-port.ts'
import { deleteDataUploads } from './delete-backup.ts'
import { frameOf, openDeleted } from './deleted-backup.ts'
import type { DeletedBackup, StepReport } from './deleted-backup.ts'
import { besideRequest } from './deletion-request.ts'
import { readList } from './read-files.ts'

type SnapshotPorts = Pick<Ports, 'cluster' | 'stores' | 'presence' | 'snapshotters'>

/** An entry of the file. */
type Snapshot = NativeSnapshot & { spec?: { location?: string } }

/**
 * Deletes the native snapshots of a backup by the plugins of their locations, and the DataUploads. A snapshot that cannot be
 * deleted is an error, and the others are deleted. Safe to run twice where the provider takes a missing snapshot as deleted.
 * Source: pkg/controller/backup_deletion_controller.go.
 */
export function deleteSnapshots(ports: SnapshotPorts) {
  return ({ ref, backup }: DeletedBackup): Promise<StepReport> =>
    runActivity(ports.presence, frameOf(ref, 'the snapshots'), async (attempt) => {
      attempt.waitingFor(`location "${backup.location}"`)
      const { store } = await openDeleted(ports, { ref, backup })
      const found = await readList<Snapshot>(store, backupVolumeSnapshotsKey(backup.name))
      attempt.waitingFor(undefined)
      if ('error' in found) return { errors: [`error getting backup's volume snapshots: ${found.error}`] }
      const errors: string[] = []
      const opened = new Map<string, VolumeSnapshotter | { error: string }>()
      for (const { spec, status } of found.list) {
        attempt.throwIfStopped()
        const [name, id] = [spec?.location ?? '', status?.providerSnapshotID ?? '']
        const snapshotter = opened.get(name) ?? (await openSnapshotter(ports, ref, name))
        opened.set(name, snapshotter)
        if ('error' in snapshotter) errors.push(snapshotter.error)
        else if (id !== '') errors.push(...(await deleteOne(snapshotter, id, attempt.signal)))
      }
      if (backup.movesData) errors.push(...(await deleteDataUploads(ports.cluster, { ref, backup })))
      return { errors: requestErrors(errors) }
    })
}

async function openSnapshotter(
  { cluster, snapshotters }: SnapshotPorts,
  ref: DeletedBackup['ref'],
  name: string,
): Promise<VolumeSnapshotter | { error: string }> {
  const lead = `error getting volume snapshotter for location ${JSON.stringify(name)}`
  const location = name === '' ? undefined : await cluster.get(besideRequest(ref, 'volumesnapshotlocations', name))
  if (location === undefined)
    return {
      error: `${lead}: error getting volume snapshot location ${name}: VolumeSnapshotLocation.velero.io "${name}" not found`,
    }
  if (snapshotters === undefined) return { error: `${lead}: this worker has no plugins` }
  try {
    return await snapshotters.open(location as unknown as VolumeSnapshotLocation)
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    return { error: `${lead}: ${thrown.message}` }
  }
}

async function deleteOne(snapshotter: VolumeSnapshotter, id: string, signal: AbortSignal): Promise<string[]> {
  try {
    await snapshotter.deleteSnapshot(id, signal)
    return []
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    return [`error deleting snapshot ${id}: ${thrown.message}`]
  }
}
