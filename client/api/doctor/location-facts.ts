import type { ObjectStore, Stores } from '../../../activities/ports.ts'
import type { LocationFacts } from '../../../core/doctor/judge-locations.ts'
import { StoreError } from '../../../core/port-errors.ts'
import { checkFolders, checkLocationSpec } from '../../../core/request/look-at-location.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'
import { listVelero } from '../velero-objects.ts'
import type { Connections } from '../connections.ts'

/** How long one bucket may take. */
const bucketMsMax = 15_000
/** Restores whose folders are looked at for a journal. */
const restoresMax = 10

/** Looks at the backup locations of Velero's namespace, and reads their buckets. */
export async function readLocations(connections: Connections, stores: Stores): Promise<LocationFacts[]> {
  const locations = (await listVelero(connections, 'backupstoragelocations')) as unknown as BackupStorageLocation[]
  return Promise.all(locations.map((location) => readLocation(stores, location)))
}

async function readLocation(stores: Stores, location: BackupStorageLocation): Promise<LocationFacts> {
  const { metadata, spec, status } = location
  const known = {
    name: metadata.name,
    namesCredential: spec.credential !== undefined,
    phase: status?.phase,
    accessMode: (spec as { accessMode?: string }).accessMode,
  }
  let bucket: string | undefined
  try {
    const wrong = checkLocationSpec(location)
    if (wrong !== undefined) throw new StoreError('location', wrong)
    const store = await stores.open(location)
    bucket = store.id
    return { ...known, bucket, ...(await within(bucketMsMax, readBucket(store))) }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown
    return { ...known, bucket, problem: { kind: thrown.kind, message: thrown.message } }
  }
}

async function readBucket(store: ObjectStore): Promise<Pick<LocationFacts, 'backups' | 'folders' | 'hasJournal'>> {
  const folders = checkFolders(await store.folders())
  const backups = await store.folders('backups/')
  return { folders, backups: backups.length, hasJournal: await hasJournal(store) }
}

/** The first shard of a journal comes after a conditional write that was tried; the trial itself has another name. */
async function hasJournal(store: ObjectStore): Promise<boolean> {
  const restores = await store.folders('restores/')
  for (const restore of restores.slice(-restoresMax)) {
    const keys = await store.list(`restores/${restore}/drydock/`)
    if (keys.some((key) => key.endsWith('.json.gz'))) return true
  }
  return false
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const error = new StoreError('unreachable', `the bucket has not answered within ${ms / 1000} s`)
    timer = setTimeout(() => reject(error), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
