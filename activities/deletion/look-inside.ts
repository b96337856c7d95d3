import { refusalText } from '../../core/deletion/refusal-text.ts'
import {
  leaveDataAdvice,
  mayLeaveData,
  movedData,
  podVolumeData,
  whyDataStays,
} from '../../core/deletion/volume-data.ts'
import type { VolumeData } from '../../core/deletion/volume-data.ts'
import { ArchiveError, StoreError, isOfCopy, isStoreTransient } from '../../core/port-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import { backupNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { backupContentsKey, backupPodVolumeBackupsKey } from '../../velero/object-keys.ts'
import { itemPath } from '../../velero/resource.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Archive } from '../archive-port.ts'
import { entriesOf } from '../frame/archive-entries.ts'
import type { ObjectStore, Ports } from '../ports.ts'
import { readItem, readList } from './read-files.ts'

type InsidePorts = Pick<Ports, 'cluster' | 'stores' | 'archives'>

/** A backup that is to be deleted, by the attempt that looks into it. */
interface Looked {
  backup: Backup
  location: BackupStorageLocation
  attempt: Attempt
}

/** What stands in the way of a deletion, in words. */
type Found<T> = { data: T[] } | { error: string }

/** The `id` of the backup's store, or why the backup is not deleted. Only a bucket that does not answer, and a full disk, are thrown. */
export async function lookInside(
  ports: InsidePorts,
  { backup, location, attempt }: Looked,
): Promise<{ store: string } | { error: string }> {
  attempt.waitingFor(`location "${location.metadata.name}"`)
  try {
    const store = await ports.stores.open(location)
    const found = mayLeaveData(backup.metadata.annotations)
      ? { data: [] }
      : await volumeData(ports, { backup, store, attempt })
    attempt.waitingFor(undefined)
    if ('error' in found) return { error: refusalText(`${found.error}; ${leaveDataAdvice}`) }
    const problem = whyDataStays(found.data)
    return problem === undefined ? { store: store.id } : { error: refusalText(problem) }
  } catch (thrown) {
    attempt.throwIfStopped()
    if (!(thrown instanceof StoreError) || isStoreTransient(thrown)) throw thrown
    return { error: refusalText(`error getting the backup store: ${thrown.message}`) }
  }
}

interface Inside {
  backup: Backup
  store: ObjectStore
  attempt: Attempt
}

/**
 * The data of the backup's volumes in repositories: by its PodVolumeBackups in the cluster and in its file, since a synced Backup is there
 * before those, and by the DataUploads in its tarball.
 */
async function volumeData({ cluster, archives }: InsidePorts, inside: Inside): Promise<Found<VolumeData>> {
  const { name, namespace = '' } = inside.backup.metadata
  const live = await listIfServed(
    cluster,
    { group: 'velero.io', version: 'v1', resource: 'podvolumebackups' },
    { namespace, labelSelector: `${backupNameLabel}=${validLabelValue(name)}` },
  )
  const stored = await readList<Manifest>(inside.store, backupPodVolumeBackupsKey(name))
  if ('error' in stored) return { error: `error getting backup's pod volume backups: ${stored.error}` }
  const moved = inside.backup.spec.snapshotMoveData === true ? await movedVolumes(archives, inside) : { data: [] }
  if ('error' in moved) return moved
  const podVolumes = [...live, ...stored.list].map(podVolumeData).filter((one) => one !== undefined)
  return { data: [...podVolumes, ...moved.data] }
}

async function movedVolumes(
  archives: Ports['archives'],
  { backup, store, attempt }: Inside,
): Promise<Found<VolumeData>> {
  const { name } = backup.metadata
  try {
    const archive = await archives
      .open(store, backupContentsKey(name), { signal: attempt.signal })
      .catch(undefinedIfMissing)
    if (archive === undefined) return { data: [] }
    try {
      return await movedIn(archive, name, attempt)
    } finally {
      await archive.close()
    }
  } catch (thrown) {
    if (!(thrown instanceof ArchiveError) || isOfCopy(thrown)) throw thrown
    return { error: `error downloading backup tarball: ${thrown.message}` }
  }
}

async function movedIn(archive: Archive, backup: string, attempt: Attempt): Promise<Found<VolumeData>> {
  const data: VolumeData[] = []
  for (const entry of entriesOf(archive, 'datauploads.velero.io')) {
    attempt.throwIfStopped()
    const item = readItem(await archive.read(entry))
    if (item === undefined)
      return { error: `error reading backup tarball: ${itemPath(entry.groupResource, entry)} is no JSON object` }
    const moved = movedData(item, backup)
    if (moved !== undefined) data.push(moved)
  }
  return { data }
}

/** For a tarball that is not there: the backup failed before it was stored. */
export function undefinedIfMissing(thrown: unknown): undefined {
  const missing = (thrown instanceof ArchiveError || thrown instanceof StoreError) && thrown.kind === 'missing'
  if (!missing) throw thrown
}
