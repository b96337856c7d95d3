import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import { restartFailureReason } from '../../velero/defaults.ts'
import type { RestoreStatus } from '../../velero/restore.ts'

/** What to do about a wanted phase, seeing the live one. */
export type PhaseDecision =
  { do: 'set'; status: Partial<RestoreStatus> } | { do: 'leave'; because: 'already there' | 'terminal' | 'further on' }

/** How far a phase is on the way; a restore never goes back on it. */
const order: Record<RestorePhase | '', number> = {
  '': 0,
  New: 0,
  FailedValidation: 9,
  InProgress: 1,
  WaitingForPluginOperations: 2,
  WaitingForPluginOperationsPartiallyFailed: 3,
  Finalizing: 4,
  FinalizingPartiallyFailed: 5,
  Completed: 9,
  PartiallyFailed: 9,
  Failed: 9,
}

/**
 * Decides a change of phase from the live status (rule 8): nothing leaves a terminal phase, nothing goes back, and
 * what is there already is not written again. The sweep of a starting Velero server is no verdict on a restore that
 * we have claimed and still run: that one is overwritten, and its reason taken away (rule 1).
 */
export function decidePhase(
  live: RestoreStatus,
  wanted: Partial<RestoreStatus> & { phase: RestorePhase },
): PhaseDecision {
  const livePhase = live.phase ?? ''
  const swept = isSweptByVelero(live)
  if (isTerminal(livePhase) && !swept) {
    return { do: 'leave', because: livePhase === wanted.phase ? 'already there' : 'terminal' }
  }
  if (!swept && order[livePhase] > order[wanted.phase]) return { do: 'leave', because: 'further on' }
  const undo: Partial<RestoreStatus> = swept
    ? { failureReason: null as unknown as string, completionTimestamp: null as unknown as string }
    : {}
  const status = { ...undo, ...wanted }
  if (!swept && sameStatus(live, status)) return { do: 'leave', because: 'already there' }
  return { do: 'set', status }
}

/** Whether a starting Velero server marked the restore, in its exact words. */
export function isSweptByVelero(live: RestoreStatus): boolean {
  return live.phase === 'Failed' && live.failureReason === restartFailureReason
}

function sameStatus(live: RestoreStatus, wanted: Partial<RestoreStatus>): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(live[key as keyof RestoreStatus] ?? null) === JSON.stringify(value ?? null),
  )
}
