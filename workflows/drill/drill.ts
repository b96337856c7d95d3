import { ActivityFailure, ApplicationFailure, CancellationScope, isCancellation } from '@temporalio/workflow'
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { DrillRun } from '../../activities/drill/drill-input.ts'
import type { KeptReport } from '../../activities/drill/end-restore.ts'
import type { ChosenBackup } from '../../activities/drill/in-tarball.ts'
import { drillFailedType } from '../../contract/drill.ts'
import type { DrillRecord, DrillRequest } from '../../contract/drill.ts'
import type { RequestedOutcome } from '../../contract/restore-request.ts'
import { drillRecordOf } from '../../core/drill/drill-record.ts'
import { drillRestore, drillRestoreName } from '../../core/drill/drill-restore.ts'
import { reasonOf } from '../activity-calls.ts'
import { notifyOfDrill } from '../notify/end-notice.ts'
import { awaitRestore, downloads, drills, unlessFailed } from './drill-calls.ts'

/** What a drill has come to so far. */
interface Progress {
  backup?: ChosenBackup
  /** When its first scratch namespace was made. */
  since?: string
  /** The uid of its Restore. */
  restoreUid?: string
  /** The names of its scratch namespaces; absent until all of them are made. */
  scratch?: readonly string[]
  outcome?: RequestedOutcome
  kept?: KeptReport
  /** Why it went no further. */
  because?: string
}

/** How long what is being deleted is waited for. */
const patienceSeconds = 900
/** How long the report of a restore is waited for that is over. */
const reportPatienceSeconds = 120

/**
 * One drill: restores the newest backup into scratch namespaces, keeps the report, removes all that it made and tells how it went.
 * Whatever fails, what it made is removed and the end is told. A drill that failed closes as Failed, with its record.
 */
export async function drill(request: DrillRequest): Promise<DrillRecord> {
  const { startTime, workflowId, firstExecutionRunId } = workflowInfo()
  const at = startTime.toISOString()
  const run: DrillRun = { request, restore: drillRestoreName(request.name, startTime), at }
  const requestId = `${workflowId}/${firstExecutionRunId}`
  const progress: Progress = {}
  let cancelled: unknown
  try {
    await restoreBackup(run, requestId, progress)
  } catch (thrown) {
    if (isCancellation(thrown)) cancelled = thrown
    progress.because = cancelled === undefined ? wordsOf(thrown) : 'the drill was cancelled'
  }
  const record = await CancellationScope.nonCancellable(() => end(run, requestId, progress))
  if (cancelled !== undefined) throw cancelled
  if (record.ok) return record
  throw ApplicationFailure.create({
    type: drillFailedType,
    message: record.sentence,
    nonRetryable: true,
    details: [record],
  })
}

/** Restores the backup and keeps the report. Throws where a step cannot be done. */
async function restoreBackup(run: DrillRun, requestId: string, progress: Progress): Promise<void> {
  const { request } = run
  setCurrentDetails(`drill ${request.name}: chooses a backup`)
  const start = await downloads.chooseDrillBackup.executeWithOptions({ summary: 'choose the backup' }, [run])
  if (start.backup !== undefined) progress.backup = start.backup
  if (start.do === 'refuse') return void (progress.because = start.because)
  const { backup, mapping } = start
  const made = await downloads.makeScratch.executeWithOptions({ summary: 'make the scratch namespaces' }, [
    { ...run, backup, mapping },
  ])
  if (made.do === 'refuse') return void (progress.because = made.because)
  // Where this is not reached, a namespace of such a name may be somebody else's.
  progress.scratch = Object.values(mapping)
  if (made.since !== undefined) progress.since = made.since
  setCurrentDetails(`drill ${request.name}: restores backup ${backup.name} by restore ${run.restore}`)
  const asked = drillRestore(request, { name: run.restore, backup: backup.name, mapping })
  // Whoever cancels this now may have a Restore already.
  const ref = await CancellationScope.nonCancellable(() =>
    drills.createRequested.executeWithOptions({ summary: 'create the Restore' }, [{ request: asked, requestId }]),
  )
  progress.restoreUid = ref.uid
  const { outcome, because } = await awaitRestore(ref, request.deadlineSeconds)
  if (because !== undefined) progress.because = because
  if (outcome === undefined) return
  progress.outcome = outcome
  const keep = { ...run, ref, location: backup.location, patienceSeconds: reportPatienceSeconds }
  const kept = await unlessFailed(drills.keepDrillReport.executeWithOptions({ summary: 'keep the report' }, [keep]))
  if (kept !== undefined) progress.kept = kept
}

/** Removes all that the drill made, and tells how it went. */
async function end(run: DrillRun, requestId: string, progress: Progress): Promise<DrillRecord> {
  const { request, restore, at } = run
  setCurrentDetails(`drill ${request.name}: removes what it made`)
  const { scratch = [], restoreUid, since } = progress
  const of = {
    ...run,
    scratch,
    ...(restoreUid === undefined ? {} : { restoreUid }),
    ...(since === undefined ? {} : { since }),
  }
  // The Restore goes first: once it is gone, nothing more is restored.
  const left = [
    ...(await leftBy('the Restore', () =>
      drills.removeDrillRestore.executeWithOptions({ summary: 'delete the Restore' }, [
        { ...run, requestId, patienceSeconds },
      ]),
    )),
    ...(await leftBy('the volumes', () =>
      drills.ownDrillVolumes.executeWithOptions({ summary: 'have its volumes go with their claims' }, [of]),
    )),
    ...(await leftBy('the scratch namespaces', () =>
      drills.removeScratch.executeWithOptions({ summary: 'remove the scratch namespaces' }, [
        { ...of, patienceSeconds },
      ]),
    )),
  ]
  const { backup, outcome, kept = {}, because } = progress
  const record = drillRecordOf({
    drill: request.name,
    at,
    backup: backup?.name,
    restore,
    outcome,
    ...kept,
    because,
    left,
  })
  const ended = { ...run, record, ...(backup === undefined ? {} : { location: backup.location }) }
  setCurrentDetails(`drill ${request.name}: ${record.sentence}`)
  const notice = await unlessFailed(drills.tellDrill.executeWithOptions({ summary: 'tell how it ended' }, [ended]))
  await unlessFailed(drills.recordDrill.executeWithOptions({ summary: 'keep the record' }, [ended]))
  await notifyOfDrill(run, record, notice)
  return record
}

async function leftBy(what: string, remove: () => Promise<{ left: string[] }>): Promise<string[]> {
  try {
    return (await remove()).left
  } catch (thrown) {
    return [`${what} (${wordsOf(thrown)})`]
  }
}

/** Why a step was given up. Anything that is not the failure of an activity ends the workflow's task, and is tried again. */
function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof ActivityFailure)) throw thrown
  return reasonOf(thrown)
}
