import { claimedAnnotation } from '../../velero/labels.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { Restore } from '../../velero/restore.ts'
import { checkFolders, checkLocationSpec, lookThatFailed, lookWith } from '../../core/request/look-at-location.ts'
import type { LocationLook } from '../../core/request/look-at-location.ts'
import type { Cluster, ObjectStore, Ports, Stores } from '../ports.ts'
import { fatal } from './failures.ts'
import { journalFolder } from '../../velero/object-keys.ts'
import { StoreError } from '../../core/port-errors.ts'

/** The text of a claim: which worker, when, and the location that holds the journal. */
export function claimOf(worker: string, now: string, location: string): string {
  return `${worker}, ${now}, location ${location}`
}

/**
 * The name of the location that holds a restore's files. The claim names it, since the Backup may be deleted by now; for
 * a restore without a claim it is the Backup's. A missing Backup is reported in Velero's words.
 */
export async function locationNameOf(
  cluster: Cluster,
  restore: Restore,
): Promise<{ name: string } | { missing: string }> {
  const claim = restore.metadata.annotations?.[claimedAnnotation] ?? ''
  const named = /, location (\S+)$/.exec(claim)?.[1]
  if (named !== undefined) return { name: named }
  const name = restore.spec.backupName ?? ''
  if (name === '') return { missing: 'the restore names no backup' }
  const { namespace = '' } = restore.metadata
  const ref = { group: 'velero.io', version: 'v1', resource: 'backups', namespace, name }
  const backup = (await cluster.get(ref)) as unknown as Backup | undefined
  if (backup === undefined) return { missing: `Backup.velero.io "${name}" not found` }
  const location = backup.spec.storageLocation ?? ''
  return location === '' ? { missing: `backup "${name}" names no location` } : { name: location }
}

/** Opens the bucket of a BackupStorageLocation by its name. Throws `RestoreFailed` where there is no such location. */
export async function openLocation(
  ports: Pick<Ports, 'cluster' | 'stores'>,
  namespace: string,
  name: string,
): Promise<ObjectStore> {
  const location = await ports.cluster.get({
    group: 'velero.io',
    version: 'v1',
    resource: 'backupstoragelocations',
    namespace,
    name,
  })
  if (location === undefined) throw fatal(`BackupStorageLocation.velero.io "${name}" not found`)
  return ports.stores.open(location as unknown as BackupStorageLocation)
}

/** Looks whether the bucket of a location is there, and as Velero wants it. Throws what is not an error of the bucket. */
export async function lookAtLocation(stores: Stores, location: BackupStorageLocation): Promise<LocationLook> {
  const problem = checkLocationSpec(location)
  if (problem !== undefined) return lookWith(problem)
  try {
    const store = await stores.open(location)
    return lookWith(checkFolders(await store.folders()))
  } catch (thrown) {
    return lookThatFailed(thrown)
  }
}

/** Which buckets a process has probed, by its stores. */
const probed = new WeakMap<Stores, Set<string>>()

/**
 * Makes sure, once per process and bucket, that a conditional write (`If-None-Match`) writes nothing where an object
 * stands: without that a journal cannot settle anything, and two workers would both go on with their own plan. Throws a
 * `StoreError` of kind `location` that says what to do. What it writes lies in the restore's journal, and is removed.
 */
export async function probeBucket(
  stores: Stores,
  store: ObjectStore,
  owner: { name: string; uid: string; location: string },
): Promise<void> {
  const done = probed.get(stores) ?? new Set<string>()
  probed.set(stores, done)
  if (done.has(store.id)) return
  const key = `${journalFolder(owner.name, owner.uid)}probe`
  const put = (text: string) => store.put(key, Buffer.from(text), { onlyIfAbsent: true })
  // One that stands there already, of an attempt that died, says as much.
  const isReplaced = (await put('first')) && (await put('second'))
  await store.remove([key])
  if (isReplaced)
    throw new StoreError(
      'location',
      `the bucket of backup location "${owner.location}" (${store.id}) ignores If-None-Match: it replaces an object that a conditional write must not touch. Use a server with conditional writes, such as Amazon S3 or a current MinIO, or upgrade the one there is`,
    )
  done.add(store.id)
}
