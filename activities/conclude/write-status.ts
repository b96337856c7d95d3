import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { EndDetails } from '../../core/report/failure-causes.ts'
import { refusedWhileRunning } from '../../core/request/decide-retry.ts'
import {
  advanceProgress,
  decidePhase,
  isSweptByVelero,
  withoutResultsMissing,
} from '../../core/results/restore-status.ts'
import type { Progress } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { isNew, isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore, RestoreStatus } from '../../velero/restore.ts'
import type { Look, Wait } from '../../contract/look.ts'
import { ApiError, isTransient } from '../../core/port-errors.ts'
import { failureTypes, phaseRefused } from '../frame/failures.ts'
import { askTemporal } from '../frame/activity-context.ts'
import { carriedTo, lookAgain, pauseAfter, runActivity } from '../frame/run-activity.ts'
import type { ActivityFrame, Attempt } from '../frame/run-activity.ts'
import { changeRestore, readRestore, recordPhase } from '../frame/restore-resource.ts'
import type { Ports } from '../ports.ts'

/** The phase to enter, with what goes along with it. */
export interface SetPhaseInput {
  ref: { namespace: string; name: string; uid: string }
  phase: RestorePhase
  /** An attempt of this restore may still be able to write: its end is awaited first (rule 7). */
  fence?: boolean
  warnings?: number
  errors?: number
  failureReason?: string
  progress?: { totalItems: number; itemsRestored: number }
  hookStatus?: { hooksAttempted?: number; hooksFailed?: number }
  operations?: { attempted: number; completed: number; failed: number }
  /** What the Event of a terminal phase tells beside the counts. */
  details?: EndDetails
  look?: Look
}

/** The phase as it stands afterwards: not the one asked for, where the live status does not allow it. */
export interface SetPhaseReport {
  phase: RestorePhase | ''
  /** Why the phase was not written; the restore goes on without it. */
  problem?: string
}

/** The pauses between two tries of a phase that the API server refuses. */
const refusedSeconds = { first: 1, last: 30 } as const
/** A phase on the way is only shown: so long it is tried, then the restore goes on without it. */
const onTheWayMs = 10 * 60_000
/** So long a terminal phase is tried by one run, which ends as failed then: people look for failed workflows. */
const terminalMs = 60 * 60_000

/**
 * Changes the phase of the Restore. A terminal phase is written only when no attempt of this restore can still write
 * (rule 7), and whatever the phase, the core decides from the live status. One that the API server refuses is tried again,
 * and people are told why: a terminal phase for an hour, any other one for ten minutes. After that a run whose terminal phase
 * is refused fails with the reason (`PhaseRefused`), and the watcher begins the next one, which ends the restore the same way.
 */
export function setPhase(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'meter' | 'log'>) {
  const { cluster, presence, clock, meter } = ports
  return (input: SetPhaseInput): Promise<SetPhaseReport | Wait> =>
    runActivity(presence, phaseFrame(input), async (attempt) => {
      if (input.fence === true) await attempt.fence(`${input.ref.uid}/`)
      let entered = false
      const written = await changeRestore(cluster, input.ref, (live) => {
        if (!isOurs(live)) return undefined
        const decision = decidePhase(live.status ?? {}, statusOf(input, live.status ?? {}, clock.now()))
        entered = decision.do === 'set'
        if (decision.do !== 'set') return undefined
        const annotations = isTerminal(input.phase) ? refusedWhileRunning(live) : undefined
        return { status: decision.status, ...(annotations === undefined ? {} : { metadata: { annotations } }) }
      }).catch((thrown: unknown) => {
        const because = refusalIn(thrown, input)
        if (because === undefined) throw thrown
        return { because }
      })
      if ('because' in written) return afterRefusal(written.because, { input, attempt, ports })
      const restore = written
      if (entered && isTerminal(input.phase)) meter?.restoreEnded(input.phase, restore.spec.scheduleName ?? '')
      if (restore.status?.phase === input.phase) await recordPhase(ports, restore, input.details)
      return { phase: restore.status?.phase ?? '' }
    })
}

function phaseFrame({ phase, ref }: SetPhaseInput): ActivityFrame {
  return { doing: `setting phase ${phase} of restore ${ref.name}`, neverGivenUp: true }
}

/**
 * Why a phase was refused that is tried again: all of them are, since a policy or a role that forbids it may be restored or
 * changed in this moment. Only a status that can never be valid is final, and even then the restore ends as Failed.
 */
function refusalIn(thrown: unknown, { phase }: SetPhaseInput): string | undefined {
  if (thrown instanceof ApplicationFailure) return thrown.type === failureTypes.notWritten ? thrown.message : undefined
  if (!(thrown instanceof ApiError) || isTransient(thrown) || thrown.reason === 'NoLease') return undefined
  return phase === 'Failed' || thrown.reason !== 'Invalid' ? thrown.message : undefined
}

/** Waits for the next try, with the server's words; or goes on without a phase that is only shown. */
async function afterRefusal(
  because: string,
  {
    input,
    attempt,
    ports,
  }: { input: SetPhaseInput; attempt: Attempt; ports: Pick<Ports, 'cluster' | 'clock' | 'log'> },
): Promise<SetPhaseReport | Wait> {
  const { ref, phase, look } = input
  const nowMs = ports.clock.now().getTime()
  const { sinceMs = nowMs, tries = 1 } = (carriedTo(attempt, look) ?? {}) as { sinceMs?: number; tries?: number }
  if (!isTerminal(phase) && nowMs - sinceMs >= onTheWayMs) {
    const problem = `the restore goes on without phase ${phase}, which cannot be written: ${because}`
    ports.log.warn(problem, { restore: ref.name })
    return { phase: (await readRestore(ports.cluster, ref))?.status?.phase ?? '', problem }
  }
  if (isTerminal(phase) && nowMs - sinceMs >= terminalMs)
    throw phaseRefused(
      `Restore ${ref.namespace}/${ref.name} could not take phase ${phase} for an hour; another run tries it again: ${because}`,
    )
  return lookAgain(attempt, look, {
    waitingFor: `Restore ${ref.namespace}/${ref.name} to take phase ${phase}, which is refused: ${because}`,
    afterSeconds: pauseAfter(tries, refusedSeconds),
    carry: { sinceMs, tries: tries + 1 },
  })
}

/**
 * Waits until no attempt of a restore can write any more (rule 7): the results of a cancelled or failed restore are told
 * after its last write.
 */
export function awaitLastWrites({ presence }: Pick<Ports, 'presence'>) {
  return ({ ref }: { ref: { name: string; uid: string } }): Promise<void> =>
    runActivity(presence, { doing: `waiting for the last writes of restore ${ref.name}` }, (attempt) =>
      attempt.fence(`${ref.uid}/`),
    )
}

/** Whether Drydock may write to it: a restore that somebody else has begun is never touched (rule 1). */
function isOurs({ metadata, status }: Restore): boolean {
  return metadata.annotations?.[claimedAnnotation] !== undefined || isNew(status?.phase)
}

function statusOf(
  input: SetPhaseInput,
  live: RestoreStatus,
  now: Date,
): Partial<RestoreStatus> & { phase: RestorePhase } {
  const ended = isSweptByVelero(live) ? undefined : live.completionTimestamp
  const completion = isTerminal(input.phase) ? { completionTimestamp: ended ?? rfc3339(now) } : {}
  return {
    phase: input.phase,
    ...countField('warnings', input.warnings, live.warnings),
    ...countField('errors', input.errors, live.errors),
    ...(input.failureReason === undefined ? {} : { failureReason: input.failureReason }),
    ...progressOf(input, live),
    ...(input.hookStatus === undefined ? {} : { hookStatus: input.hookStatus }),
    ...(input.operations === undefined
      ? {}
      : {
          ...countField(
            'restoreItemOperationsAttempted',
            input.operations.attempted,
            live.restoreItemOperationsAttempted,
          ),
          ...countField(
            'restoreItemOperationsCompleted',
            input.operations.completed,
            live.restoreItemOperationsCompleted,
          ),
          ...countField('restoreItemOperationsFailed', input.operations.failed, live.restoreItemOperationsFailed),
        }),
    ...completion,
  }
}

/** A restore that ends early may know of fewer items than were shown already: progress never goes back (rule 8). */
function progressOf({ phase, progress }: SetPhaseInput, live: RestoreStatus): Pick<RestoreStatus, 'progress'> {
  const next = phase === 'Failed' && progress !== undefined ? advanceProgress(live.progress, progress) : progress
  return next === undefined ? {} : { progress: next }
}

/** A count as Velero writes it: zeros are left out; null takes away a number that an earlier run wrote. */
function countField(key: keyof RestoreStatus, value: number | undefined, live: number | undefined): object {
  if (value === undefined || (value === 0 && (live ?? 0) === 0)) return {}
  return { [key]: value === 0 ? null : value }
}

/** Progress to show. */
export interface ReportProgressInput {
  ref: { namespace: string; name: string; uid: string }
  progress: Progress
}

/** Writes `status.progress`; it never goes back and never touches a restore that is over (rule 8). */
export function reportProgress({ cluster, presence }: Pick<Ports, 'cluster' | 'presence'>) {
  return ({ ref, progress }: ReportProgressInput): Promise<void> =>
    runActivity(presence, { doing: `writing the progress of restore ${ref.name}` }, async () => {
      await changeRestore(cluster, ref, (live) => {
        const { status } = live
        if (isTerminal(status?.phase) || !isOurs(live)) return undefined
        const next = advanceProgress(status?.progress, progress)
        return next === undefined ? undefined : { status: { progress: next } }
      })
    })
}

/** The counts of results that were stored after the phase. */
export interface TellLateResultsInput {
  ref: { namespace: string; name: string; uid: string }
  warnings: number
  errors: number
  /** Items in the resource list; histories of older versions do not have it. */
  items?: number
}

/**
 * Sets the counts of a failed restore to what its result files hold, now that they are stored, and removes the note
 * from its reason that they are not. The phase stays.
 */
export function tellLateResults({ cluster, presence }: Pick<Ports, 'cluster' | 'presence'>) {
  return ({ ref, warnings, errors, items = 0 }: TellLateResultsInput): Promise<void> =>
    runActivity(presence, { doing: `writing the counts of restore ${ref.name}` }, async () => {
      await changeRestore(cluster, ref, (live) => {
        const { status = {} } = live
        const { phase, failureReason = '' } = status
        if (phase !== 'Failed' || !isOurs(live)) return undefined
        const reason = withoutResultsMissing(failureReason)
        const totalItems = status.progress?.totalItems ?? 0
        const progress = advanceProgress(status.progress, { itemsRestored: items, totalItems })
        const change = {
          ...(reason === failureReason ? {} : { failureReason: reason }),
          ...countField('warnings', warnings, status.warnings),
          ...countField('errors', errors, status.errors),
          ...(progress === undefined ? {} : { progress }),
        }
        return Object.keys(change).length === 0 ? undefined : { status: change }
      })
    })
}

/** Asks Temporal to cancel a run of a workflow, so that it closes as Canceled. A run that has closed meanwhile is fine. */
export function requestCancel({ presence }: Pick<Ports, 'presence'>) {
  return (input: { workflowId: string; runId: string; reason: string }): Promise<void> =>
    runActivity(presence, { doing: `cancelling workflow ${input.workflowId}` }, async () => {
      const handle = Context.current().client.workflow.getHandle(input.workflowId, input.runId)
      await askTemporal(() => handle.cancel())
    })
}
