import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { ApiError, isAlreadyExists, isNotFound } from '../core/port-errors.ts'
import { parseJson } from '../core/values/manifest-json.ts'
import { isDue } from './decide/is-due.ts'
import { orphanedBackups, restoresOf } from './decide/orphans.ts'
import { syncedBackup } from './decide/synced-backup.ts'
import { syncedPodVolume } from './decide/synced-pod-volume.ts'
import { rfc3339 } from '../velero/manifest.ts'
import type { ObjectStore } from '../activities/ports.ts'
import type { Backup, BackupStorageLocation } from '../velero/backup.ts'
import type { Manifest } from '../velero/manifest.ts'
import { backupMetadataKey, backupPodVolumeBackupsKey } from '../velero/object-keys.ts'
import type { Restore } from '../velero/restore.ts'
import { repeat } from './repeat.ts'
import { serverFieldManager, veleroObject, veleroResource } from './server-desk.ts'
import type { ServerDesk } from './server-desk.ts'

const turnMs = 5_000
const metadataBytesMax = 256 * 1024 * 1024
const inflate = promisify(gunzip)

/**
 * Keeps Backup and PodVolumeBackup resources in step with the buckets of available locations: what is only in the
 * bucket is created, what is no more there is removed, and with a Backup go its Restores that are over.
 */
export async function syncBackups(desk: ServerDesk, periodSeconds: number): Promise<void> {
  const busy = new Set<string>()
  const sync = async (location: BackupStorageLocation): Promise<void> => {
    const { name } = location.metadata
    if (busy.has(name)) return
    busy.add(name)
    try {
      await syncLocation(desk, location)
    } catch (error) {
      desk.log.warn('a backup location could not be synced', { location: name, error: String(error) })
    } finally {
      busy.delete(name)
    }
  }
  await repeat({ ...desk, what: 'list backup locations', everyMs: turnMs }, async () => {
    const found = await desk.cluster.list(veleroResource('backupstoragelocations'), { namespace: desk.namespace })
    for (const location of found as unknown as BackupStorageLocation[])
      if (isTime(desk, location, periodSeconds)) void sync(location)
  })
}

function isTime(desk: ServerDesk, { spec, status }: BackupStorageLocation, defaultSeconds: number): boolean {
  if (status?.phase !== 'Available') return false
  const schedule = {
    last: status.lastSyncedTime,
    period: spec.backupSyncPeriod,
    defaultSeconds,
    firstAnyway: false,
  }
  return isDue(schedule, desk.clock.now())
}

async function syncLocation(desk: ServerDesk, location: BackupStorageLocation): Promise<void> {
  const store = await desk.stores.open(location)
  const inBucket = new Set(await store.folders('backups/'))
  const { namespace } = desk
  const inCluster = (await desk.cluster.list(veleroResource('backups'), { namespace })) as unknown as Backup[]
  const known = new Set(inCluster.map(({ metadata }) => metadata.name))
  const missing = [...inBucket].filter((name) => !known.has(name))
  const schedules = missing.length === 0 ? new Map<string, string>() : await schedulesOf(desk)
  for (const name of missing) {
    if (desk.signal.aborted) return
    await bringIn(desk, { store, name, location: location.metadata.name, schedules })
  }
  for (const backup of orphanedBackups(inCluster, location.metadata.name, inBucket)) {
    if (desk.signal.aborted) return
    await remove(desk, backup)
  }
  await desk.cluster.patch(
    veleroObject(desk, 'backupstoragelocations', location.metadata.name),
    { metadata: { uid: location.metadata.uid }, status: { lastSyncedTime: rfc3339(desk.clock.now()) } },
    { fieldManager: serverFieldManager },
  )
}

async function schedulesOf(desk: ServerDesk): Promise<Map<string, string>> {
  const found = await desk.cluster.list(veleroResource('schedules'), { namespace: desk.namespace, metadataOnly: true })
  return new Map(found.map(({ metadata }) => [metadata.name, metadata.uid ?? '']))
}

interface Arrival {
  store: ObjectStore
  name: string
  location: string
  schedules: ReadonlyMap<string, string>
}

/** One backup that is damaged, or refused, holds up no other. */
async function bringIn(desk: ServerDesk, arrival: Arrival): Promise<void> {
  const { store, name, location, schedules } = arrival
  const skip = (because: string) => desk.log.info('a backup of the bucket is not synced', { backup: name, because })
  const text = await store.get(backupMetadataKey(name))
  if (text === undefined) return skip('it has no metadata')
  let stored: unknown
  try {
    stored = parseJson(text.toString('utf8'))
  } catch {
    return skip(`${backupMetadataKey(name)} is no JSON`)
  }
  const target = { namespace: desk.namespace, location, schedules }
  const synced = syncedBackup(name, stored, target, desk.clock.now())
  if (synced.do === 'skip') return skip(synced.because)
  const created = await create(desk, 'backups', synced.backup, skip)
  if (created === undefined) return
  desk.log.info('a backup of the bucket is synced', { backup: name, location })
  await bringPodVolumes(desk, { ...arrival, uid: created.metadata.uid ?? '' })
}

async function bringPodVolumes(desk: ServerDesk, arrival: Arrival & { uid: string }): Promise<void> {
  const { store, name, location, uid } = arrival
  const key = backupPodVolumeBackupsKey(name)
  const bytes = await store.get(key)
  if (bytes === undefined) return
  let stored: Manifest[]
  try {
    const inflated = await inflate(bytes, { maxOutputLength: metadataBytesMax })
    stored = (parseJson(inflated.toString('utf8')) as Manifest[] | null) ?? []
  } catch {
    desk.log.warn('PodVolumeBackups of a backup cannot be read', { backup: name, key })
    return
  }
  for (const one of stored) {
    const podVolume = syncedPodVolume(one, { namespace: desk.namespace, name, uid, location })
    await create(desk, 'podvolumebackups', podVolume, (because) =>
      desk.log.warn('a PodVolumeBackup is not synced', { podVolumeBackup: podVolume.metadata.name, because }),
    )
  }
}

/** Undefined where it stands there already or is refused for good. */
async function create(
  desk: ServerDesk,
  resource: string,
  object: object,
  skip: (because: string) => void,
): Promise<Manifest | undefined> {
  try {
    const options = { fieldManager: serverFieldManager }
    return await desk.cluster.create(veleroResource(resource), desk.namespace, object, options)
  } catch (error) {
    if (isAlreadyExists(error)) return undefined
    if (!(error instanceof ApiError) || error.code < 400 || error.code >= 500 || error.code === 429) throw error
    skip(error.message)
    return undefined
  }
}

/** The Restores go first: whoever is interrupted here finds the Backup still orphaned, and goes on from there. */
async function remove(desk: ServerDesk, backup: Backup): Promise<void> {
  const { name, uid } = backup.metadata
  const only = uid === undefined ? undefined : { uid }
  const restores = await desk.cluster.list(veleroResource('restores'), { namespace: desk.namespace })
  for (const { metadata } of restoresOf(name, restores as unknown as Restore[])) {
    desk.log.info('a restore goes with its backup, which is gone from the bucket', {
      restore: metadata.name,
      backup: name,
    })
    const itself = metadata.uid === undefined ? undefined : { uid: metadata.uid }
    await desk.cluster.remove(veleroObject(desk, 'restores', metadata.name), itself)
  }
  try {
    await desk.cluster.remove(veleroObject(desk, 'backups', name), only)
    desk.log.info('a backup that is gone from the bucket is removed', { backup: name })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
