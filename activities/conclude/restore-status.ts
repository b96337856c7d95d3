import { decidePhase, isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { isNew, isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore, RestoreStatus } from '../../velero/restore.ts'
import { withAttempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import type { Ports } from '../ports.ts'
import { recordPhase } from './record-phase.ts'
import { changeRestore } from '../frame/restore-resource.ts'

/** The phase to enter, with what goes along with it. */
export interface SetPhaseInput {
  ref: { namespace: string; name: string; uid: string }
  phase: RestorePhase
  /** An attempt of this restore may still be able to write: wait for its worker's Lease first. */
  fence?: boolean
  warnings?: number
  errors?: number
  failureReason?: string
  progress?: { totalItems: number; itemsRestored: number }
  hookStatus?: { hooksAttempted?: number; hooksFailed?: number }
  operations?: { attempted: number; completed: number; failed: number }
}

/** The phase as it stands afterwards: another one than asked for where the core would not have it. */
export interface SetPhaseReport {
  phase: RestorePhase | ''
}

/**
 * Changes the phase of the Restore. A terminal phase is written only when no attempt of this restore can still write
 * (rule 7), and whatever the phase, the core decides from the live status.
 */
export function setPhase(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'meter' | 'log'>) {
  const { cluster, presence, clock, meter } = ports
  return (input: SetPhaseInput): Promise<SetPhaseReport> =>
    withAttempt(presence.worker, async (attempt) => {
      try {
        if (input.fence === true) {
          await presence.fence(`${input.ref.uid}/`, { signal: attempt.signal, onWait: attempt.waitingFor })
          attempt.waitingFor(undefined)
        }
        let entered = false
        const restore = await changeRestore(cluster, input.ref, (live) => {
          if (!isOurs(live)) return undefined
          const decision = decidePhase(live.status ?? {}, statusOf(input, live.status ?? {}, clock.now()))
          entered = decision.do === 'set'
          return decision.do === 'set' ? { status: decision.status } : undefined
        })
        if (entered && isTerminal(input.phase)) meter?.restoreEnded(input.phase, restore.spec.scheduleName ?? '')
        if (restore.status?.phase === input.phase) await recordPhase(ports, restore)
        return { phase: restore.status?.phase ?? '' }
      } catch (thrown) {
        throw asFailure(thrown, `setting phase ${input.phase} of restore ${input.ref.name}`)
      }
    })
}

/** Rule 1: what somebody else has begun is never touched, whatever asks for it. */
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
    ...(input.progress === undefined ? {} : { progress: input.progress }),
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

/** Velero leaves zeros out; one that an earlier run had said otherwise is taken away. */
export function countField(key: keyof RestoreStatus, value: number | undefined, live: number | undefined): object {
  if (value === undefined || (value === 0 && (live ?? 0) === 0)) return {}
  return { [key]: value === 0 ? null : value }
}
