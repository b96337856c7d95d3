import { restoreFinalizer, claimedAnnotation } from '../../velero/labels.ts'
import { journalFolder, restoreFolder } from '../../velero/object-keys.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { withAttempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import { openJournal } from '../frame/journal.ts'
import type { ObjectStore, Ports } from '../ports.ts'
import { locationNameOf } from '../frame/locations.ts'
import { readRestore } from '../frame/restore-resource.ts'
import type { Sessions } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import { shards } from '../frame/stored.ts'
import { readVeleroControllers } from '../admit/admission-facts.ts'

/** Which Restore is being deleted. */
export interface DeletionInput {
  ref: { namespace: string; name: string; uid: string; cluster: string }
}

/** Whether the Restore may go: `left` says why files of it stay, `leave` why nothing was done. */
export type DeletionReport = { do: 'release'; left?: string } | { do: 'leave'; because: string }

/**
 * Removes a Restore's files from the bucket: results, log and journal. Where backup or location are gone, nobody can
 * tell where the files are, and the report says so. Safe to run twice: what is gone already is fine.
 */
export function deleteFiles(parts: { ports: Ports; sessions: Sessions; settings: Settings }) {
  const { ports, sessions, settings } = parts
  return ({ ref }: DeletionInput): Promise<DeletionReport> =>
    withAttempt(ports.presence.worker, async (attempt) => {
      try {
        const restore = await readRestore(ports.cluster, ref)
        if (restore === undefined) return { do: 'leave', because: 'it is gone' }
        if (restore.metadata.deletionTimestamp === undefined) return { do: 'leave', because: 'it is not being deleted' }
        if (restore.metadata.finalizers?.includes(restoreFinalizer) !== true)
          return { do: 'leave', because: 'it does not wait for its files' }
        const claimed = restore.metadata.annotations?.[claimedAnnotation] !== undefined
        if (!claimed && (await readVeleroControllers(ports.cluster, settings)) === 'on')
          return { do: 'leave', because: "Velero's own restore controller deletes it" }
        const location = await locationNameOf(ports.cluster, restore)
        if ('missing' in location)
          return restore.spec.backupName ? { do: 'release', left: location.missing } : { do: 'release' }
        attempt.waitingFor(`location "${location.name}"`)
        const left = await deleteFrom(ports, ref, location.name)
        sessions.forget(ref.uid)
        return left === undefined ? { do: 'release' } : { do: 'release', left }
      } catch (thrown) {
        throw asFailure(thrown, `deleting the files of restore ${ref.name}`)
      }
    })
}

async function deleteFrom(ports: Ports, ref: DeletionInput['ref'], name: string): Promise<string | undefined> {
  const at = { group: 'velero.io', version: 'v1', resource: 'backupstoragelocations', namespace: ref.namespace, name }
  const location = (await ports.cluster.get(at)) as unknown as BackupStorageLocation | undefined
  if (location === undefined) return `BackupStorageLocation.velero.io "${name}" not found`
  const store = await ports.stores.open(location)
  const keys = await store.list(restoreFolder(ref.name))
  const foreign = await foreignJournals(store, keys, ref)
  await store.remove(keys.filter((key) => !foreign.some((folder) => key.startsWith(folder))))
  if (foreign.length === 0) return undefined
  return `${foreign.join(', ')}: the journal of a restore of that name in another cluster`
}

/** Journals under the same name that are another cluster's: two clusters may share a location (rule 3). */
async function foreignJournals(
  store: ObjectStore,
  keys: readonly string[],
  ref: DeletionInput['ref'],
): Promise<string[]> {
  const prefix = `${restoreFolder(ref.name)}drydock/`
  const uids = new Set(
    keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length).split('/')[0]),
  )
  const foreign: string[] = []
  for (const uid of uids) {
    if (uid === undefined || uid === ref.uid) continue
    const own = await isOwn(store, { name: ref.name, uid, cluster: ref.cluster })
    if (!own) foreign.push(journalFolder(ref.name, uid))
  }
  return foreign
}

/** A former restore of this name in this cluster left its journal where its finalizer was taken away by hand. */
async function isOwn(store: ObjectStore, owner: { name: string; uid: string; cluster: string }): Promise<boolean> {
  try {
    await openJournal(store, owner).read(shards.admission)
    return true
  } catch (thrown) {
    if (thrown instanceof Error && (thrown as { type?: string }).type === 'JournalDamaged') return false
    throw thrown
  }
}
