import { query, signal } from './messages.ts'
import type { AdmittedRef, RestoreRef } from './restore-workflow.ts'
import type { StepCounts } from '../core/undo/undo-step.ts'
import type { UndoOrder } from '../core/undo/undo-order.ts'
import type { UndoCounts } from './undo-outcome.ts'

/** The type of the workflow that undoes a restore which is over. It runs on the task queue of the restore. */
export const undoWorkflowType = 'undoRestore'

/**
 * The id of the workflow that undoes a restore: one at a time for each Restore. One that only shows what would be done has an id of
 * its own.
 */
export function undoWorkflowIdOf(
  ref: { namespace: string; name: string; uid: string },
  options: { dryRun?: boolean } = {},
): string {
  return `${options.dryRun === true ? 'undo-plan' : 'undo'}/${ref.namespace}/${ref.name}/${ref.uid}`
}

/** The input of the workflow `undoRestore`. */
export interface UndoInput extends RestoreRef {
  /** Nothing is written: the result says what would be done. */
  dryRun?: boolean
  /** Where a run goes on whose history had grown long; absent for the first run. */
  goOn?: UndoPlace
}

/** How far an undo has come, and what it has shown. */
export interface UndoPlace {
  stage: 'plan' | 'undo'
  /** The place of the wave in the order of the undo, and of the chunk in its wave. */
  at: number
  chunk: number
  /** What the plan has come to. */
  counts: StepCounts
  shown: { itemsDone: number; counts: StepCounts; paused?: string }
  /** Custom objects that had not gone in time, a clause each. */
  stillThere: readonly string[]
  /** Where the journal is: one that ends before it is admitted again tells how far it came. Absent in runs of earlier versions. */
  admitted?: AdmittedRef
  /**
   * The order that `at` counts in. It is that of the first run: a kind of custom objects is none any more once the undo has deleted
   * its definition. Absent in runs of earlier versions.
   */
  order?: UndoOrder
}

/** Type of the failure of an undo that was refused: nothing was written. */
export const undoRefusedType = 'UndoRefused'
/** Type of the failure of an undo that could not go on; it may be started again. */
export const undoFailedType = 'UndoFailed'

/** Stops an undo at the next object; the argument is the reason, as text or as `{ reason }`. Started again, it goes on from there. */
export const cancelUndoSignal = signal<[(string | { reason?: string })?]>('cancel')

/** The answer of the query `undoProgress`. */
export interface UndoProgress extends UndoCounts {
  /** Items of the plan that it has come to. */
  itemsDone: number
  itemsTotal: number
  /** What it waits for, in words; absent while it works. */
  waitingFor?: string
}

/** Asks how far an undo is. */
export const undoProgressQuery = query<UndoProgress>('undoProgress')
