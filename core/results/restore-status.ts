import { restartFailureReason } from '../../velero/defaults.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { RestoreStatus } from '../../velero/restore.ts'

/** What to write over the live status for a wanted phase; `leave` where nothing is to be written. */
export type PhaseDecision = { do: 'set'; status: Partial<RestoreStatus> } | { do: 'leave' }

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
  if (!swept && (isTerminal(livePhase) || order[livePhase] > order[wanted.phase])) return { do: 'leave' }
  const undo: Partial<RestoreStatus> = swept
    ? { failureReason: null as unknown as string, completionTimestamp: null as unknown as string }
    : {}
  const status = { ...undo, ...wanted }
  if (!swept && sameStatus(live, status)) return { do: 'leave' }
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

/** The stages of a restore that has begun. */
export type Stage = 'operations' | 'finalizing' | 'done'

const clean: Record<Stage, RestorePhase> = {
  operations: 'WaitingForPluginOperations',
  finalizing: 'Finalizing',
  done: 'Completed',
}

const marred: Record<Stage, RestorePhase> = {
  operations: 'WaitingForPluginOperationsPartiallyFailed',
  finalizing: 'FinalizingPartiallyFailed',
  done: 'PartiallyFailed',
}

/** The phase to show on entering a stage: once an error is known, every later phase says so. Warnings never count. */
export function nextPhase(stage: Stage, errorCount: number): RestorePhase {
  return (errorCount > 0 ? marred : clean)[stage]
}

/** Velero's two numbers: items recorded so far, and an estimate of all. */
export interface Progress {
  totalItems: number
  itemsRestored: number
}

/** The progress to write over the live one, undefined where that would be no step forward (rule 8). */
export function advanceProgress(live: RestoreStatus['progress'], now: Progress): Progress | undefined {
  const before = live?.itemsRestored ?? 0
  if (now.itemsRestored < before) return undefined
  const totalItems = Math.max(now.totalItems, now.itemsRestored)
  if (now.itemsRestored === before && totalItems === (live?.totalItems ?? 0)) return undefined
  return { itemsRestored: now.itemsRestored, totalItems }
}

/** What an Event says of a phase: its reason is the phase itself. Nothing for a restore that nobody has begun. */
export function phaseEvent(
  status: RestoreStatus | undefined,
): { type: 'Normal' | 'Warning'; reason: string; note: string } | undefined {
  const phase = status?.phase
  if (status === undefined || phase === undefined || phase === '' || phase === 'New') return undefined
  const isTrouble = phase.includes('Failed')
  const counts = [count(status.errors, 'error'), count(status.warnings, 'warning')].filter((text) => text !== '')
  const because = [status.failureReason ?? '', ...(status.validationErrors ?? []), counts.join(', ')].filter(Boolean)
  const note = [`the restore is in phase ${phase}`, ...because].join(': ')
  return { type: isTrouble ? 'Warning' : 'Normal', reason: phase, note }
}

function count(value: number | undefined, word: string): string {
  if (value === undefined || value === 0) return ''
  return `${value} ${word}${value === 1 ? '' : 's'}`
}

const mark = '; results not stored: '

/** The reason of a restore whose result files are not there yet when its phase is written (rule 13). */
export function withLateNote(reason: string, why: string): string {
  return `${reason}${mark}${why}`
}

/** The reason once they are there. */
export function withoutLateNote(reason: string): string {
  const at = reason.lastIndexOf(mark)
  return at === -1 ? reason : reason.slice(0, at)
}
