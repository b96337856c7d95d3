import { restartFailureReason } from '../../velero/defaults.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { RestoreStatus } from '../../velero/restore.ts'

/** The status to write for a wanted phase, or `leave` if nothing is to be written. */
export type PhaseDecision = { do: 'set'; status: Partial<RestoreStatus> } | { do: 'leave' }

/** The order of phases. A restore never returns to an earlier one. */
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
 * Decides about a change of phase from the live status (rule 8). A terminal phase is never left, no phase returns to an
 * earlier one, and an unchanged status is not written again. There is one exception: the phase that a starting Velero
 * server writes into a restore that Drydock still runs is overwritten, and its reason is removed (rule 1).
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

/**
 * Whether a starting Velero server has set the restore to Failed, known by its exact words (the sweep of unfinished
 * restores).
 */
export function isSweptByVelero(live: RestoreStatus): boolean {
  return live.phase === 'Failed' && live.failureReason === restartFailureReason
}

function sameStatus(live: RestoreStatus, wanted: Partial<RestoreStatus>): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(live[key as keyof RestoreStatus] ?? null) === JSON.stringify(value ?? null),
  )
}

/** The stages of a restore after the restore of its items. */
export type Stage = 'operations' | 'finalizing' | 'done'

const withoutErrors: Record<Stage, RestorePhase> = {
  operations: 'WaitingForPluginOperations',
  finalizing: 'Finalizing',
  done: 'Completed',
}

const withErrors: Record<Stage, RestorePhase> = {
  operations: 'WaitingForPluginOperationsPartiallyFailed',
  finalizing: 'FinalizingPartiallyFailed',
  done: 'PartiallyFailed',
}

/**
 * The phase at the beginning of a stage. With an error it is one of the `…PartiallyFailed` phases. Warnings do not
 * count.
 */
export function nextPhase(stage: Stage, errorCount: number): RestorePhase {
  return (errorCount > 0 ? withErrors : withoutErrors)[stage]
}

/** `status.progress`: the items that have an outcome, and an estimate of all items. */
export interface Progress {
  totalItems: number
  itemsRestored: number
}

/** The progress to write; undefined if the live one is equal or further on (rule 8). */
export function advanceProgress(live: RestoreStatus['progress'], now: Progress): Progress | undefined {
  const before = live?.itemsRestored ?? 0
  if (now.itemsRestored < before) return undefined
  const totalItems = Math.max(now.totalItems, now.itemsRestored)
  if (now.itemsRestored === before && totalItems === (live?.totalItems ?? 0)) return undefined
  return { itemsRestored: now.itemsRestored, totalItems }
}

/** The Event for a phase; its reason is the phase. Undefined for a restore that has not begun. */
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

const resultsMissing = '; results not stored: '

/** A failure reason that says also why the result files are not stored yet (rule 13). */
export function withResultsMissing(reason: string, why: string): string {
  return `${reason}${resultsMissing}${why}`
}

/** The failure reason after the result files have been stored. */
export function withoutResultsMissing(reason: string): string {
  const at = reason.lastIndexOf(resultsMissing)
  return at === -1 ? reason : reason.slice(0, at)
}
