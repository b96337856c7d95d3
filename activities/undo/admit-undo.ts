import type { AdmittedRef, RestoreRef } from '../../contract/restore-workflow.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { summarize } from '../../core/plan/plan.ts'
import { runOf } from '../../core/request/decide-retry.ts'
import { formatUndoState, undoStateOf, whyNotUndone } from '../../core/undo/undo-state.ts'
import { isUndoable } from '../../core/undo/written-item.ts'
import { undoneAnnotation } from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import type { Restore } from '../../velero/restore.ts'
import { failureTypeOf, failureTypes, fatal, gone, undoRefused, wrongCluster } from '../frame/failures.ts'
import { openJournal, readOutcomes, readPlan, shards } from '../frame/journal.ts'
import type { Journal, StoredAdmission } from '../frame/journal.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { locationNameOf, openLocation } from '../frame/locations.ts'
import { changeRestore, readRestore } from '../frame/restore-resource.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { Cluster, ObjectStore, Ports } from '../ports.ts'
import { journalsOf } from './undo-journal.ts'

/** Which restore to undo. */
export interface AdmitUndoInput {
  ref: RestoreRef
  /** Nothing is written onto the Restore. */
  dryRun: boolean
  /** A run that goes on: the Restore says since the first one that it is being undone, or that it was stopped meanwhile. */
  goesOn?: true
}

/** What the workflow has to know of the plan of the restore. */
export interface AdmittedUndo {
  ref: AdmittedRef
  /** Items of each chunk, by wave; `custom` where the kind is defined by a CustomResourceDefinition. */
  waves: readonly { groupResource: string; chunks: readonly number[]; custom?: boolean }[]
}

/**
 * Looks whether a restore can be undone, and notes on the Restore that its undo has begun. Throws `UndoRefused` with one sentence
 * where it cannot: nothing is written then. The journal is read from the bucket, not from what this worker remembers of it.
 */
export function admitUndo({ ports, sessions }: WorkerParts) {
  return ({ ref, dryRun, goesOn }: AdmitUndoInput): Promise<AdmittedUndo> =>
    runActivity(
      ports.presence,
      { doing: `looking whether restore ${ref.name} can be undone`, scope: `${ref.uid}/undo-admission` },
      async (attempt) => {
        if (ref.cluster !== ports.cluster.id) throw wrongCluster(ref.cluster, ports.cluster.id)
        const restore = await readRestore(ports.cluster, ref)
        if (restore === undefined) throw refused(ref, 'was deleted, and its journal with it')
        refuseUnlessFit(ref, restore)
        const { store, admitted } = await openAdmitted(ports, ref, restore)
        const plan = await readJournal(store, admitted)
        const custom = await customKinds(ports.cluster)
        if (!dryRun) sessions.forget(ref.uid)
        if (!dryRun && goesOn !== true) {
          // An undo that is cancelled by now does not tell its end any more.
          attempt.throwIfStopped()
          await noteBegun(ports, ref)
        }
        return {
          ref: admitted,
          waves: summarize(plan).waves.map(({ groupResource, chunks }) => ({
            groupResource,
            chunks,
            ...(custom.has(groupResource) ? { custom: true } : {}),
          })),
        }
      },
    )
}

/** The names of all CustomResourceDefinitions, which are those of the kinds that they define. */
async function customKinds(cluster: Cluster): Promise<ReadonlySet<string>> {
  const definitions = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
  const found = await listIfServed(cluster, definitions, { metadataOnly: true })
  return new Set(found.map(({ metadata }) => metadata.name))
}

function refused({ name }: { name: string }, why: string): Error {
  return undoRefused(`Restore "${name}" ${why}`)
}

function refuseUnlessFit(ref: RestoreRef, restore: Restore): void {
  const why = whyNotUndone(restore)
  if (why !== undefined) throw refused(ref, why)
}

async function openAdmitted(
  ports: Pick<Ports, 'cluster' | 'stores'>,
  ref: RestoreRef,
  restore: Restore,
): Promise<{ store: ObjectStore; admitted: AdmittedRef }> {
  const location = await locationNameOf(ports.cluster, restore)
  const cannot = (why: string) => refused(ref, `cannot be undone: its journal cannot be found: ${why}`)
  if ('missing' in location) throw cannot(location.missing)
  const run = runOf(restore)
  const admitted: AdmittedRef = { ...ref, location: location.name, ...(run === 1 ? {} : { run }) }
  try {
    return { store: await openLocation(ports, ref.namespace, location.name), admitted }
  } catch (thrown) {
    if (failureTypeOf(thrown) !== failureTypes.failed) throw thrown
    throw cannot((thrown as Error).message)
  }
}

/** Reads what an undo goes by. A shard that is damaged or missing is a reason to refuse: nothing is done by half a journal. */
async function readJournal(store: ObjectStore, ref: AdmittedRef): Promise<Plan> {
  try {
    return await readFit(openJournal(store, ref), store, ref)
  } catch (thrown) {
    if (failureTypeOf(thrown) !== failureTypes.journal) throw thrown
    throw refused(ref, `cannot be undone: ${(thrown as Error).message}`)
  }
}

async function readFit(journal: Journal, store: ObjectStore, ref: AdmittedRef): Promise<Plan> {
  const admission = await journal.read<StoredAdmission>(shards.admission)
  if (admission === undefined)
    throw refused(
      ref,
      `cannot be undone: its journal is gone from backup location "${ref.location}", and nothing else says what it created`,
    )
  if (admission.inherited === true)
    throw refused(ref, 'cannot be undone: Velero has restored its items, and no journal says what it created')
  const plan = await readPlan(journal)
  if (plan === undefined) throw refused(ref, 'has restored nothing: it ended before its plan was made')
  for (const each of journalsOf(store, ref))
    if (!(await readOutcomes(each, '')).every(isUndoable))
      throw refused(
        ref,
        'cannot be undone: its journal is of an earlier version of Drydock, which did not store what an undo needs',
      )
  return plan
}

async function noteBegun({ cluster, clock }: Pick<Ports, 'cluster' | 'clock'>, ref: RestoreRef): Promise<void> {
  await changeRestore(cluster, ref, (live) => {
    refuseUnlessFit(ref, live)
    if (undoStateOf(live)?.state === 'begun') return undefined
    const text = formatUndoState({ state: 'begun', at: rfc3339(clock.now()) })
    return { metadata: { annotations: { [undoneAnnotation]: text } } }
  })
}

/**
 * Makes sure before a write that the Restore says that its undo is under way: a journal alone gives no right to delete. One that
 * only shows what would be done writes nothing, and needs the Restore alone.
 */
export async function assertUndoing(cluster: Cluster, ref: RestoreRef, dryRun: boolean): Promise<Restore> {
  const restore = await readRestore(cluster, ref)
  if (restore === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
  const state = undoStateOf(restore)?.state
  if (!dryRun && state !== 'begun')
    throw fatal(`nothing is undone: Restore ${ref.namespace}/${ref.name} does not say that its undo is under way`)
  return restore
}
