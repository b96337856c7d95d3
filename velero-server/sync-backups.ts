import { ApiError, isAlreadyExists, isNotFound, isStoreTransient, isTransient } from '../core/port-errors.ts'
import { parseJson } from '../core/values/manifest-json.ts'
import { orphanedBackups, restoresOf, syncedBackup, syncedPodVolume } from './decide/backups.ts'
import { isDue } from './decide/locations.ts'
import { rfc3339 } from '../velero/manifest.ts'
import type { ObjectStore } from '../activities/ports.ts'
import { inflateText } from '../activities/frame/inflate.ts'
import type { Backup, BackupStorageLocation } from '../velero/backup.ts'
import type { Manifest } from '../velero/manifest.ts'
import { backupMetadataKey, backupPodVolumeBackupsKey } from '../velero/object-keys.ts'
import { asRestore } from '../velero/restore.ts'
import { workAlone } from './alone.ts'
import type { Alone } from './alone.ts'
import { repeat, serverFieldManager, veleroObject, veleroResource } from './ports.ts'
import type { ServerPorts } from './ports.ts'

const turnMs = 5_000
const metadataBytesMax = 256 * 1024 * 1024

/**
 * Keeps Backup and PodVolumeBackup resources in step with the buckets of available locations: what is only in the
 * bucket is created, what is no more there is removed, and with a Backup go its Restores that are over.
 */
export async function syncBackups(ports: ServerPorts, periodSeconds: number): Promise<void> {
  const locations = workAlone(ports.log, 'a backup location could not be synced', 'location')
  const backups = workAlone(ports.log, 'a backup could not be synced', 'backup')
  await repeat({ ...ports, what: 'list backup locations', everyMs: turnMs }, async () => {
    const found = await ports.cluster.list(veleroResource('backupstoragelocations'), { namespace: ports.namespace })
    for (const location of found as unknown as BackupStorageLocation[])
      void locations.on(location.metadata.name, async () => {
        if (isTime(ports, location, periodSeconds)) await syncLocation(ports, location, backups)
      })
  })
}

/** Works on one backup of a location: its own trouble is logged, that of bucket or API server ends the work on the location. */
async function onBackup(backups: Alone, name: string, work: () => Promise<void>): Promise<void> {
  let passing: { thrown: unknown } | undefined
  await backups.on(name, async () => {
    try {
      await work()
    } catch (thrown) {
      if (!isTransient(thrown) && !isStoreTransient(thrown)) throw thrown
      passing = { thrown }
    }
  })
  if (passing !== undefined) throw passing.thrown
}

function isTime(ports: ServerPorts, { spec, status }: BackupStorageLocation, defaultSeconds: number): boolean {
  if (status?.phase !== 'Available') return false
  const schedule = {
    last: status.lastSyncedTime,
    period: spec.backupSyncPeriod,
    defaultSeconds,
    firstAnyway: false,
  }
  return isDue(schedule, ports.clock.now())
}

async function syncLocation(ports: ServerPorts, location: BackupStorageLocation, backups: Alone): Promise<void> {
  const store = await ports.stores.open(location)
  const inBucket = new Set(await store.folders('backups/'))
  const { namespace } = ports
  const inCluster = (await ports.cluster.list(veleroResource('backups'), { namespace })) as unknown as Backup[]
  const known = new Set(inCluster.map(({ metadata }) => metadata.name))
  const missing = [...inBucket].filter((name) => !known.has(name))
  const schedules = missing.length === 0 ? new Map<string, string>() : await schedulesOf(ports)
  for (const name of missing) {
    if (ports.signal.aborted) return
    await onBackup(backups, name, () => bringIn(ports, { store, name, location: location.metadata.name, schedules }))
  }
  for (const backup of orphanedBackups(inCluster, location.metadata.name, inBucket)) {
    if (ports.signal.aborted) return
    await onBackup(backups, backup.metadata.name, () => remove(ports, backup))
  }
  await ports.cluster.patch(
    veleroObject(ports, 'backupstoragelocations', location.metadata.name),
    { metadata: { uid: location.metadata.uid }, status: { lastSyncedTime: rfc3339(ports.clock.now()) } },
    { fieldManager: serverFieldManager },
  )
}

async function schedulesOf(ports: ServerPorts): Promise<Map<string, string>> {
  const found = await ports.cluster.list(veleroResource('schedules'), {
    namespace: ports.namespace,
    metadataOnly: true,
  })
  return new Map(found.map(({ metadata }) => [metadata.name, metadata.uid ?? '']))
}

interface Arrival {
  store: ObjectStore
  name: string
  location: string
  schedules: ReadonlyMap<string, string>
}

/** A backup that is damaged, or refused, is logged and passed over, so that the others come in. */
async function bringIn(ports: ServerPorts, arrival: Arrival): Promise<void> {
  const { store, name, location, schedules } = arrival
  const skip = (because: string) => ports.log.info('a backup of the bucket is not synced', { backup: name, because })
  const text = await store.get(backupMetadataKey(name))
  if (text === undefined) return skip('it has no metadata')
  let stored: unknown
  try {
    stored = parseJson(text.toString('utf8'))
  } catch {
    return skip(`${backupMetadataKey(name)} is no JSON`)
  }
  const target = { namespace: ports.namespace, location, schedules }
  const synced = syncedBackup(name, stored, target, ports.clock.now())
  if (synced.do === 'skip') return skip(synced.because)
  const created = await create(ports, 'backups', synced.backup, skip)
  if (created === undefined) return
  ports.log.info('a backup of the bucket is synced', { backup: name, location })
  await bringPodVolumes(ports, { ...arrival, uid: created.metadata.uid ?? '' })
}

async function bringPodVolumes(ports: ServerPorts, arrival: Arrival & { uid: string }): Promise<void> {
  const { store, name, location, uid } = arrival
  const key = backupPodVolumeBackupsKey(name)
  const bytes = await store.get(key)
  if (bytes === undefined) return
  let stored: Manifest[]
  try {
    stored = (parseJson(await inflateText(bytes, metadataBytesMax)) as Manifest[] | null) ?? []
  } catch {
    ports.log.warn('PodVolumeBackups of a backup cannot be read', { backup: name, key })
    return
  }
  for (const one of stored) {
    const podVolume = syncedPodVolume(one, { namespace: ports.namespace, name, uid, location })
    await create(ports, 'podvolumebackups', podVolume, (because) =>
      ports.log.warn('a PodVolumeBackup is not synced', { podVolumeBackup: podVolume.metadata.name, because }),
    )
  }
}

/** Undefined where it stands there already or is refused for good. */
async function create(
  ports: ServerPorts,
  resource: string,
  object: object,
  skip: (because: string) => void,
): Promise<Manifest | undefined> {
  try {
    const options = { fieldManager: serverFieldManager }
    return await ports.cluster.create(veleroResource(resource), ports.namespace, object, options)
  } catch (error) {
    if (isAlreadyExists(error)) return undefined
    if (!(error instanceof ApiError) || error.code < 400 || error.code >= 500 || error.code === 429) throw error
    skip(error.message)
    return undefined
  }
}

/** The Restores go first: after an interruption the Backup is still there, is found orphaned again, and the rest follows. */
async function remove(ports: ServerPorts, backup: Backup): Promise<void> {
  const { name, uid } = backup.metadata
  const only = uid === undefined ? undefined : { uid }
  const restores = await ports.cluster.list(veleroResource('restores'), { namespace: ports.namespace })
  for (const { metadata } of restoresOf(name, restores.map(asRestore))) {
    ports.log.info('a restore goes with its backup, which is gone from the bucket', {
      restore: metadata.name,
      backup: name,
    })
    const itself = metadata.uid === undefined ? undefined : { uid: metadata.uid }
    await ports.cluster.remove(veleroObject(ports, 'restores', metadata.name), itself)
  }
  try {
    await ports.cluster.remove(veleroObject(ports, 'backups', name), only)
    ports.log.info('a backup that is gone from the bucket is removed', { backup: name })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}
