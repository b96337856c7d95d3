import { query, signal } from './messages.ts'
import type { RestoreRef } from './restore-workflow.ts'

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
}

/** An object that an undo leaves as it is. */
export interface KeptObject {
  /** Resource, namespace and name, such as `deployments.apps shop/web`. */
  object: string
  /** Why it is kept, as a clause: `kubectl-edit has changed it since`. */
  because: string
}

/** How many kept objects stand in the result of the workflow; all of them are in the bucket. */
export const keptShownMax = 20

/** Numbers of objects. */
export interface UndoCounts {
  /** Created by the restore, deleted by the undo. */
  deleted: number
  /** Changed by the restore, changed back by the undo. */
  putBack: number
  /** Left as they are, with a reason. */
  kept: number
  /** Created or changed by the restore, and gone before the undo came to them. */
  gone: number
}

/**
 * The result of the workflow. An undo that was cancelled has none: it closes as Canceled. One that is refused fails with type
 * `UndoRefused` and a sentence; one that cannot go on with type `UndoFailed`.
 */
export interface UndoResult extends UndoCounts {
  /** Nothing was written. */
  dryRun: boolean
  /** The first kept objects, at most {@link keptShownMax}. */
  keptFirst: readonly KeptObject[]
  /** When it ended; RFC 3339. */
  at: string
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
