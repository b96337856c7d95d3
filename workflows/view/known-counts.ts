import type { Conclusion } from '../../activities/conclude/conclude-restore.ts'
import type { OperationCounts } from '../../core/operations/operations.ts'
import type { EndDetails } from '../../core/report/failure-causes.ts'
import type { Progress } from '../../core/results/restore-status.ts'

/** What a run knows of its results, for the phases of the Restore. */
export interface Known {
  concluded: Conclusion | undefined
  operations: OperationCounts | undefined
}

/** Messages and operations, as far as they are known. */
export function countsOf(known: Known): { warnings?: number; errors?: number; operations?: OperationCounts } {
  const operations = known.operations === undefined ? {} : { operations: known.operations }
  if (known.concluded === undefined) return operations
  const { warnings, errors } = known.concluded
  return { warnings, errors, ...operations }
}

/** What the end is told with beside its counts, as far as it is known. */
export function detailsOf({ concluded }: Known): { details?: EndDetails } {
  return concluded?.details === undefined ? {} : { details: concluded.details }
}

/** The progress of a restore whose items are through. */
export function progressOf({ concluded }: Known): { progress?: Progress } {
  if (concluded === undefined) return {}
  return { progress: { totalItems: concluded.items, itemsRestored: concluded.items } }
}

/** Of a restore that ends early: what the result files hold, of all that was planned. */
export function lastProgressOf(known: Known, planned: number): { progress?: Progress } {
  const { progress } = progressOf(known)
  return progress === undefined ? {} : { progress: { ...progress, totalItems: Math.max(progress.totalItems, planned) } }
}
