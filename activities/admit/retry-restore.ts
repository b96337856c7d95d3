import { ApplicationFailure } from '@temporalio/common'
import { readVeleroApi } from './admission-facts.ts'
import type { Wait } from '../../contract/look.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { actingUser, faultOfNextUser } from '../../core/asked/acting-user.ts'
import { annotationFaults, askedBy } from '../../core/asked/annotations.ts'
import type { Plan } from '../../core/plan/plan.ts'
import {
  beginAnew,
  beginRun,
  pendingRetry,
  refusedRetry,
  runOf,
  whyNotRetried,
} from '../../core/request/decide-retry.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import {
  claimedAnnotation,
  existingAnnotation,
  managedFieldsAnnotation,
  retryRefusedAnnotation,
} from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { backupContentsKey } from '../../velero/object-keys.ts'
import { isNew } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { userOf } from '../frame/acting-as.ts'
import { asFailure, failureTypes } from '../frame/failures.ts'
import { openJournal, readAll, readPlan, shards } from '../frame/journal.ts'
import type { Journal, StoredAdmission } from '../frame/journal.ts'
import { locationNameOf, openLocation } from '../frame/locations.ts'
import { changeRestore, recordEvent } from '../frame/restore-resource.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import type { Cluster, ObjectStore, Ports } from '../ports.ts'
import { carryOver } from './carry-over.ts'
import { admitted, claimRestore, withFinalizer } from './claim-restore.ts'
import type { AdmitReport } from './claim-restore.ts'
import { resolveExisting } from '../../core/asked/existing.ts'
import { resolveResource } from '../../core/filter/resolve-resource.ts'
import { servedAsPlanned } from '../../core/plan/planned-facts.ts'

/** The retry that is asked for: of which Restore, as it was read, by which token. */
interface Asked {
  restore: Restore
  ref: RestoreRef
  token: string
}

/** A run whose journal is made. */
interface MadeRun {
  run: number
  admission: StoredAdmission
}

/**
 * Begins the next run of a restore that is over, by a token. The journal comes first: the token gets the number of its run
 * once, and the run a journal with all that is through. Then one patch puts the phase back and answers the token. So a
 * token that is seen twice, by whoever, makes one run. Where the run cannot be, the token is answered with the reason,
 * and nothing else changes.
 */
export async function retryRestore(
  parts: WorkerParts,
  restore: Restore,
  ref: RestoreRef,
  attempt: Attempt,
): Promise<AdmitReport | Wait> {
  const asked = { restore, ref, token: pendingRetry(restore) ?? '' }
  const because = whyNotRetried(restore)
  if (because !== undefined) return refuse(parts, asked, because)
  if (restore.metadata.annotations?.[claimedAnnotation] === undefined) return admitAnew(parts, asked)
  // Attempts of the run before may still write objects and outcomes.
  await attempt.fence(`${ref.uid}/`)
  const made = await makeRun(parts, asked).catch((thrown: unknown) => ({ refused: refusalIn(thrown) }))
  if ('refused' in made) return refuse(parts, asked, `cannot be retried: ${made.refused}`)
  return begin(parts, asked, made)
}

/** The text of a failure that no attempt can mend; throws what may pass, and what ends the workflow in any case. */
function refusalIn(thrown: unknown): string {
  const failure = asFailure(thrown, 'reading what the run before has left')
  const ends: readonly string[] = [failureTypes.gone, failureTypes.wrongCluster]
  if (!(failure instanceof ApplicationFailure) || failure.nonRetryable !== true) throw failure
  if (ends.includes(failure.type ?? '')) throw failure
  return failure.message
}

async function makeRun(parts: WorkerParts, asked: Asked): Promise<MadeRun | { refused: string }> {
  const { restore, ref, token } = asked
  const location = await locationNameOf(parts.ports.cluster, restore)
  if ('missing' in location) return { refused: location.missing }
  const store = await openLocation(parts.ports, ref.namespace, location.name)
  const run = await settleRun(openJournal(store, ref), restore, token)
  if (run <= runOf(restore)) return { refused: `token ${JSON.stringify(token)} has had its run, number ${run}` }
  const before = await lastAdmitted(store, ref, run)
  if (before === undefined)
    return { refused: `location "${location.name}" has no journal of it: was restores/${ref.name}/drydock removed?` }
  const problem = before.admission.inherited
    ? 'its items were restored by Velero'
    : await missingBackup(parts, store, before)
  if (problem !== undefined) return { refused: problem }
  const ofWorker = parts.settings.actingUser ?? before.admission.actingUser
  const refused = faultOfAnnotations(restore, before.admission, { ...parts.settings, actingUser: ofWorker })
  if (refused !== undefined) return { refused }
  const renewed = await renewExisting(before, restore, parts.ports.cluster)
  if ('refused' in renewed) return renewed
  const journal = openJournal(store, { ...ref, run })
  const carried = await carryOver(before.journal, journal, renewed)
  const at = rfc3339(parts.ports.clock.now())
  const { api: _before, ...identity } = before.admission.restore
  // As the runs before; where the first one was of an older version, as this worker.
  const mode = identity.annotations?.[managedFieldsAnnotation] ?? parts.settings.managedFields
  const api = await readVeleroApi(parts.ports.cluster)
  const admission = await journal.writeOnce<StoredAdmission>(shards.admission, {
    ...before.admission,
    ...(ofWorker === undefined ? {} : { actingUser: ofWorker }),
    restore: {
      ...identity,
      annotations: { [managedFieldsAnnotation]: mode, ...restore.metadata.annotations },
      run,
      ...(api === undefined ? {} : { api }),
    },
    retry: { token, at, ...carried },
  })
  return { run, admission }
}

/** What is wrong with the annotations as they are now. They may ask for other things than before, but for no more rights. */
function faultOfAnnotations(
  { metadata: { annotations } }: Restore,
  before: StoredAdmission,
  settings: Settings,
): string | undefined {
  const [fault] = annotationFaults(annotations, before.spec, settings)
  return fault ?? faultOfNextUser(userOf(before, settings), actingUser(annotations, settings.actingUser))
}

/** The number of the run that a token makes, settled once. */
async function settleRun(journal: Journal, restore: Restore, token: string): Promise<number> {
  const known = await readAll<{ run: number }>(journal, 'retries/')
  const run = Math.max(runOf(restore), ...known.map((one) => one.run)) + 1
  return (await journal.writeOnce(`retries/${sha256Hex(token).slice(0, 32)}`, { run, token })).run
}

/** The last run before that was admitted: one whose token was replaced before it began may have left no journal. */
async function lastAdmitted(store: ObjectStore, ref: RestoreRef, run: number) {
  for (let number = run - 1; number >= 1; number--) {
    const journal = openJournal(store, { ...ref, run: number })
    const admission = await journal.read<StoredAdmission>(shards.admission)
    if (admission !== undefined) return { journal, admission }
  }
  return undefined
}

/** What is missing of the backup, or whether its tarball is another one than the plan was made from (rule 10). */
async function missingBackup(
  { ports }: WorkerParts,
  store: ObjectStore,
  before: { journal: Journal; admission: StoredAdmission },
): Promise<string | undefined> {
  const { restore, spec } = before.admission
  const name = spec.backupName ?? ''
  const at = { group: 'velero.io', version: 'v1', resource: 'backups', namespace: restore.namespace, name }
  const backup = await ports.cluster.get(at)
  if (backup === undefined) return `Backup.velero.io "${name}" not found`
  if (backup.metadata.deletionTimestamp !== undefined) return `Backup.velero.io "${name}" is being deleted`
  const key = backupContentsKey(name)
  const found = await store.head(key)
  if (found === undefined) return `the archive ${key} is not in the bucket any more`
  const plan = await readPlan(before.journal)
  const isOther = plan !== undefined && plan.waves.length > 0 && plan.etag !== found.etag
  return isOther ? `the archive ${key} was replaced since the restore was planned` : undefined
}

async function begin({ ports }: WorkerParts, asked: Asked, made: MadeRun): Promise<AdmitReport> {
  const { ref, token } = asked
  const { run, admission } = made
  const begun = await changeRestore(ports.cluster, ref, (live) => {
    if (pendingRetry(live) !== token || whyNotRetried(live) !== undefined) return undefined
    const patch = beginRun(run, token)
    return { ...patch, metadata: { ...patch.metadata, finalizers: withFinalizer(live) } }
  })
  const phase = begun.status?.phase || 'New'
  if (phase !== 'InProgress' || runOf(begun) !== run) return { do: 'over', phase }
  await recordRun(ports, begun, admission)
  return admitted(admission, true)
}

/** Nothing of it was begun, since its journal could not be written: it is new again, and is validated and claimed. */
async function admitAnew(parts: WorkerParts, { ref, token }: Asked): Promise<AdmitReport | Wait> {
  const fresh = await changeRestore(parts.ports.cluster, ref, (live) =>
    pendingRetry(live) === token && whyNotRetried(live) === undefined ? beginAnew(token) : undefined,
  )
  if (!isNew(fresh.status?.phase)) return { do: 'over', phase: fresh.status?.phase || 'New' }
  parts.ports.log.info('a restore without a journal is begun anew', { restore: ref.name })
  return claimRestore(parts, fresh, { ref })
}

/** Records the Event that a run has begun, and writes it into the log; in the first run of a restore there is none. */
export async function recordRun(ports: Ports, restore: Restore, admission: StoredAdmission): Promise<void> {
  const {
    retry,
    restore: { name, run },
  } = admission
  if (retry === undefined) return
  const { items, again } = retry
  const what = items === 0 ? 'the plan is made anew' : `${again} of ${items} items are to be done`
  await recordEvent(ports, restore, { type: 'Normal', reason: 'Retried', note: `run ${run} begins: ${what}` })
  ports.log.info('a restore is retried', { restore: name, run, items, again })
}

async function refuse({ ports }: WorkerParts, { ref, token }: Asked, why: string): Promise<AdmitReport> {
  const answered = await changeRestore(ports.cluster, ref, (live) =>
    pendingRetry(live) === token ? { metadata: { annotations: refusedRetry(token, why) } } : undefined,
  )
  await recordRefusal(ports, answered)
  ports.log.warn('a restore is not retried', { restore: ref.name, why })
  return { do: 'over', phase: answered.status?.phase || 'New' }
}

/** Records the Event that a retry is refused; false where none is. */
export async function recordRefusal(ports: Ports, restore: Restore): Promise<boolean> {
  const why = restore.metadata.annotations?.[retryRefusedAnnotation]
  if (why === undefined) return false
  const note = `Restore "${restore.metadata.name}" ${why}`
  await recordEvent(ports, restore, { type: 'Warning', reason: 'NotRetried', note })
  return true
}

/** The run before: its journal, and what it was admitted with. */
interface RunBefore {
  journal: Journal
  admission: StoredAdmission
}

/**
 * The policies for objects that exist in the next run of a restore, as its annotation says now: whoever has taken `recreate` away
 * must not see anything deleted by it. Where the annotation is as it was, so are its policies. A refusal where a word names no
 * kind of the cluster or the plan.
 */
export async function renewExisting(
  { journal, admission }: RunBefore,
  { metadata: { annotations = {} } }: Restore,
  cluster: Pick<Cluster, 'discover'>,
): Promise<Pick<Plan, 'existing'> | { refused: string }> {
  const { existing: asked } = askedBy(annotations)
  if (asked === undefined) return {}
  const plan = await readPlan(journal)
  if (plan === undefined) return {}
  const wasAsked = admission.restore.annotations?.[existingAnnotation]
  if (wasAsked === annotations[existingAnnotation] && plan.existing !== undefined) return { existing: plan.existing }
  const served = await cluster.discover()
  const planned = servedAsPlanned(plan.waves)
  const resolved = resolveExisting(asked, (word) => resolveResource(word, served) ?? resolveResource(word, planned))
  if ('error' in resolved) return { refused: `annotation ${existingAnnotation} cannot be followed: ${resolved.error}` }
  return { existing: resolved.rules }
}
