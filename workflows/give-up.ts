import { CancellationScope, condition, isCancellation, log, patched, workflowInfo } from '@temporalio/workflow'
import type { AdmittedRestore } from '../activities/admit/claim-restore.ts'
import type { Conclusion } from '../activities/conclude/conclude-restore.ts'
import { isWait } from '../contract/look.ts'
import { bareRefOf } from '../contract/restore-workflow.ts'
import type { AdmittedRef, RestoreInput } from '../contract/restore-workflow.ts'
import type { OperationCounts } from '../core/operations/operations.ts'
import { lastRemovals, lastResults, optional, phases, reasonOf, results, steps } from './activity-calls.ts'
import { cancelOperations } from './async-work.ts'
import type { HookRun } from './async-work.ts'
import type { RunView } from './run-view.ts'

/**
 * The restore of a run that was cancelled during its admission, where that had claimed it or gone on with it: its answer was not
 * waited for. Undefined where nobody has begun it.
 */
export async function admissionAtEnd(input: RestoreInput): Promise<AdmittedRestore | undefined> {
  if (!patched('admission-at-end')) return undefined
  try {
    const summary = 'see whether the Restore was claimed'
    const report = await lastResults.admitRestore.executeWithOptions({ summary }, [{ ref: input, onlyClaimed: true }])
    return !isWait(report) && report.do === 'restore' ? report : undefined
  } catch (thrown) {
    log.warn('whether the Restore was claimed is not known', { reason: reasonOf(thrown) })
    return undefined
  }
}

/** What a restore that is given up has begun. */
export interface BegunWork {
  /** Undefined for one that was not admitted: it has begun nothing. */
  ref: AdmittedRef | undefined
  isPlanned: boolean
  hooks: HookRun
  view: RunView
}

/**
 * Ends what a cancelled or failed restore has begun, before its results are told: hooks are stopped, the last writes are
 * waited for (rule 7), then the work of node agents is called off, and what was made for the restore alone is removed. Returns the
 * counts of the operations, where they are known, and whether claims or objects that made way may be away still.
 */
export async function endWork({ ref, isPlanned, hooks, view }: BegunWork): Promise<EndedWork> {
  if (ref === undefined) return {}
  if (!patched('end-told-whole')) return isPlanned ? endedWith(await cancelOperations(ref, view)) : {}
  await hooks.stop()
  await phases.awaitLastWrites.executeWithOptions({ summary: 'wait for the last writes to end' }, [{ ref }])
  const ended = endedWith(await cancelOperations(ref, view))
  try {
    const summary = 'remove what was made for the restore alone'
    const report = await lastRemovals.removeLeftovers.executeWithOptions({ summary }, [{ ref }])
    if (report?.left === true) return { ...ended, claimsMayBeAway: true }
  } catch (thrown) {
    view.trouble(`what was made for the restore alone is not removed: ${reasonOf(thrown)}`)
    return { ...ended, claimsMayBeAway: true }
  }
  return ended
}

/** What the end of a restore that is given up came to. */
export interface EndedWork {
  operations?: OperationCounts
  claimsMayBeAway?: true
}

function endedWith(operations: OperationCounts | undefined): EndedWork {
  return operations === undefined ? {} : { operations }
}

/**
 * Does after the terminal phase what could not be done before it: what made way is put back, then the results, which tell of it,
 * are stored.
 */
export async function workLate(
  ref: AdmittedRef,
  late: { claims: boolean; results: boolean },
  view: RunView,
): Promise<void> {
  if (late.claims && patched('claims-put-back-late')) await putBackLate(ref, view)
  if (late.results) await storeResultsLate(ref, view)
}

/**
 * Goes on trying to put back claims that made way for their data, and to create items whose objects were deleted for them, for a
 * day. Ends at once when the Restore is deleted.
 */
async function putBackLate(ref: AdmittedRef, view: RunView): Promise<void> {
  view.waitingFor('claims and objects that made way to be put back')
  try {
    const summary = 'put back claims and objects that made way'
    await untilDeleted(view, () => results.removeLeftovers.executeWithOptions({ summary }, [{ ref, only: 'claims' }]))
  } catch (thrown) {
    if (!isCancellation(thrown)) view.trouble(`claims or objects that made way may be away: ${reasonOf(thrown)}`)
  }
  view.waitingFor(undefined)
}

/** Runs work that nobody needs once the Restore is deleted: then it is cancelled. */
async function untilDeleted(view: RunView, work: () => Promise<unknown>): Promise<void> {
  const working = new CancellationScope()
  const watch = new CancellationScope()
  const deleted = watch
    .run(() => condition(() => view.isDeleted))
    .then(
      () => working.cancel(),
      () => undefined,
    )
  try {
    await working.run(work)
  } finally {
    watch.cancel()
    await deleted
  }
}

/** The counts of the result files of a cancelled or failed restore, or why the files are not stored yet. */
export type LastResults = { do: 'stored'; counts: Conclusion } | { do: 'late'; why: string }

/** Writes what is known to the result files, within a minute: the terminal phase waits for it (rule 13). */
export async function storeLastResults(ref: AdmittedRef): Promise<LastResults> {
  try {
    const summary = 'write what is known to the result files'
    return {
      do: 'stored',
      counts: await lastResults.concludeRestore.executeWithOptions({ summary }, [{ ref, complete: false }]),
    }
  } catch (thrown) {
    log.warn('results are not stored', { reason: reasonOf(thrown) })
    return { do: 'late', why: reasonOf(thrown) }
  }
}

/**
 * Goes on trying to write the result files after the terminal phase, for a day, in case the bucket comes back (rule 13).
 * Ends at once when the Restore is deleted: then nobody needs them.
 */
async function storeResultsLate(ref: AdmittedRef, view: RunView): Promise<void> {
  if (!patched('results-stored-late')) return
  view.waitingFor('the bucket, to store the results')
  try {
    const summary = 'write the result files once the bucket takes them'
    await untilDeleted(view, async () => {
      const counts = await results.concludeRestore.executeWithOptions({ summary }, [{ ref, complete: false }])
      if (patched('late-results-told')) await tellLateResults(ref, counts, view)
    })
  } catch (thrown) {
    if (!isCancellation(thrown)) view.trouble(`results are not stored: ${reasonOf(thrown)}`)
  }
  view.waitingFor(undefined)
}

/** Takes the note that results are missing out of the Restore's failureReason, and sets its counts. */
async function tellLateResults(
  ref: AdmittedRef,
  { warnings, errors, items }: Conclusion,
  view: RunView,
): Promise<void> {
  const summary = 'say on the Restore that its results are stored'
  try {
    await optional.tellLateResults.executeWithOptions({ summary }, [{ ref, warnings, errors, items }])
  } catch (thrown) {
    if (!isCancellation(thrown))
      view.trouble(`results are stored, but the Restore does not say so: ${reasonOf(thrown)}`)
  }
}

/**
 * Writes a cancel that came by signal onto the Restore, beside the work of the end: so a later run, or one that is reset,
 * knows of it. Where the end comes first it is needed no more.
 */
export function noteCancel(input: RestoreInput, view: RunView, run: { run?: number }): { end: () => Promise<void> } {
  const because = view.cancelReason
  if (because === undefined || view.isDeleted || !patched('cancel-on-the-restore'))
    return { end: () => Promise.resolve() }
  const scope = new CancellationScope()
  const summary = 'write the cancel onto the Restore'
  const noting = scope
    .run(() => optional.noteCancel.executeWithOptions({ summary }, [{ ref: bareRefOf(input), because, ...run }]))
    .catch((thrown: unknown) => {
      if (!isCancellation(thrown)) view.trouble(`the cancel is not on the Restore: ${reasonOf(thrown)}`)
    })
  return {
    async end() {
      scope.cancel()
      await noting
    },
  }
}

/**
 * Has Temporal cancel this workflow, and waits until the cancel has arrived: a workflow closes as Canceled only then, and
 * the signal `cancel` is not a cancel of Temporal's. Does nothing where Temporal's own cancel ended the restore.
 */
export async function closeAsCanceled(root: CancellationScope, reason: string): Promise<void> {
  if (root.consideredCancelled) return
  const { workflowId, runId } = workflowInfo()
  await steps.requestCancel.executeWithOptions({ summary: 'close the workflow as Canceled' }, [
    { workflowId, runId, reason },
  ])
  await condition(() => root.consideredCancelled, '30s')
}
