// What a program sees of an undo: nothing of Temporal's is imported here.

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
  /** The key of its report in the backup location, an HTML page; absent where nothing was written. */
  report?: string
  /** Where a browser finds the report, where `DRYDOCK_REPORT_URL` says that. */
  reportUrl?: string
}
