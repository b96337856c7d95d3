import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { PluginError } from '../../core/port-errors.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { VolumeSnapshotLocation } from '../../velero/backup.ts'
import { backupVolumeSnapshotsKey } from '../../velero/object-keys.ts'
import type { NativeSnapshot } from '../../velero/volume-info.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { ObjectStore, Ports } from '../ports.ts'
import type { VolumeSnapshotter } from '../snapshotter-port.ts'
import { deleteDataUploads } from './delete-backup.ts'
import { frameOf, openDeleted } from './deleted-backup.ts'
import type { DeletedBackup, StepReport } from './deleted-backup.ts'
import { besideRequest } from './deletion-request.ts'

type SnapshotPorts = Pick<Ports, 'cluster' | 'stores' | 'presence' | 'snapshotters'>

const fileBytesMax = 256 * 1024 * 1024
const inflate = promisify(gunzip)

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
      const found = await readSnapshots(store, backup.name)
      attempt.waitingFor(undefined)
      if ('error' in found) return { errors: [found.error] }
      const errors: string[] = []
      const opened = new Map<string, VolumeSnapshotter | { error: string }>()
      for (const { spec, status } of found.snapshots) {
        attempt.throwIfStopped()
        const [name, id] = [spec?.location ?? '', status?.providerSnapshotID ?? '']
        const snapshotter = opened.get(name) ?? (await openSnapshotter(ports, ref, name))
        opened.set(name, snapshotter)
        if ('error' in snapshotter) errors.push(snapshotter.error)
        else if (id !== '') errors.push(...(await deleteOne(snapshotter, id, attempt.signal)))
      }
      if (backup.movesData) errors.push(...(await deleteDataUploads(ports.cluster, { ref, backup })))
      return { errors: [...new Set(errors)] }
    })
}

async function readSnapshots(
  store: ObjectStore,
  backup: string,
): Promise<{ snapshots: readonly Snapshot[] } | { error: string }> {
  const bytes = await store.get(backupVolumeSnapshotsKey(backup))
  if (bytes === undefined) return { snapshots: [] }
  try {
    const text = (await inflate(bytes, { maxOutputLength: fileBytesMax })).toString('utf8')
    return { snapshots: (parseJson(text) as Snapshot[] | null) ?? [] }
  } catch (thrown) {
    return { error: `error getting backup's volume snapshots: ${thrown instanceof Error ? thrown.message : 'unknown'}` }
  }
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
