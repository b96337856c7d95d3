import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { claimedAnnotation, restoreFinalizer } from '../../velero/labels.ts'
import { journalFolder, restoreFolder } from '../../velero/object-keys.ts'
import { readVeleroControllers } from '../admit/admission-facts.ts'
import { failureTypeOf, failureTypes } from '../frame/failures.ts'
import { askTemporal } from '../frame/activity-context.ts'
import { openJournal, shards } from '../frame/journal.ts'
import { locationNameOf } from '../frame/locations.ts'
import { changeRestore, readRestore, recordEvent, unlessGone } from '../frame/restore-resource.ts'
import { pauseAfter, runActivity } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { ObjectStore, Ports } from '../ports.ts'

/** Which workflow to end, by which signal, and how long it may take. */
export interface EndRunInput {
  workflowId: string
  signal: string
  reason: string
  patienceSeconds: number
}

const lookSeconds = { first: 0.3, last: 3 } as const

/**
 * Cancels the workflow of a restore and looks until it has closed; one that does not close in time is terminated. A
 * workflow that was never there, or has closed, is fine. Between looks no slot is held: the restore needs some to end.
 */
export function endRun({ presence, clock, log }: Pick<Ports, 'presence' | 'clock' | 'log'>) {
  return (input: EndRunInput): Promise<void> =>
    runActivity(presence, { doing: `ending workflow ${input.workflowId}` }, async (attempt) => {
      const { client, info } = Context.current()
      const handle = client.workflow.getHandle(input.workflowId)
      try {
        if ((await askTemporal(() => handle.describe())).status.name !== 'RUNNING') return
        if (attempt.carried !== 'asked') await askTemporal(() => handle.signal(input.signal, input.reason))
        else if (clock.now().getTime() > info.scheduledTimestampMs + input.patienceSeconds * 1000) {
          log.warn('a cancelled restore does not end and is terminated', { workflow: input.workflowId })
          await askTemporal(() => handle.terminate(input.reason))
        }
      } catch (thrown) {
        if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
        return
      }
      const afterSeconds = pauseAfter(attempt.number, lookSeconds)
      throw attempt.pause({ waitingFor: 'the end of the running restore', afterSeconds, carry: 'asked' })
    })
}

/** Which Restore is being deleted. */
export interface DeletionInput {
  ref: RestoreRef
}

/** Whether the Restore may go: `left` says why files of it stay, `because` why nothing was done. */
export type DeletionReport = { do: 'release'; left?: string } | { do: 'leave'; because: string }

/**
 * Removes a Restore's files from the bucket: results, log and journal. Where backup or location are gone, nobody can
 * tell where the files are, and the report says so. Safe to run twice.
 */
export function deleteFiles({ ports, sessions, settings }: WorkerParts) {
  return ({ ref }: DeletionInput): Promise<DeletionReport> =>
    runActivity(ports.presence, { doing: `deleting the files of restore ${ref.name}` }, async (attempt) => {
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

/** Folders of journals under the same name that are another cluster's: two clusters may share a location (rule 3). */
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

/** Whether a journal is this cluster's: an earlier restore of this name left it, when its finalizer was removed by hand. */
async function isOwn(store: ObjectStore, owner: { name: string; uid: string; cluster: string }): Promise<boolean> {
  try {
    await openJournal(store, owner).read(shards.admission)
    return true
  } catch (thrown) {
    if (failureTypeOf(thrown) !== failureTypes.journal) throw thrown
    return false
  }
}

/** Removes our finalizer from a deleted Restore, with an Event where files of it may be left in the bucket. */
export function releaseRestore(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'log'>) {
  return ({ ref, left }: DeletionInput & { left?: string }): Promise<void> =>
    runActivity(ports.presence, { doing: `releasing restore ${ref.name}` }, async () => {
      const restore = await readRestore(ports.cluster, ref)
      if (restore === undefined) return
      if (left !== undefined) {
        const note = `deleted, but files may be left under ${restoreFolder(ref.name)}: ${left}`
        await recordEvent(ports, restore, { type: 'Warning', reason: 'FilesLeft', note })
      }
      const change = changeRestore(ports.cluster, ref, ({ metadata }) => {
        const { finalizers = [], deletionTimestamp } = metadata
        if (deletionTimestamp === undefined || !finalizers.includes(restoreFinalizer)) return undefined
        return { metadata: { finalizers: finalizers.filter((one) => one !== restoreFinalizer) } }
      })
      if ((await unlessGone(change)) !== undefined)
        ports.log.info('a deleted restore is released', { restore: ref.name, left })
    })
}
