import type { RestorePhase } from '../velero/phases.ts'

/** The result of the workflow `restore`. A cancelled workflow has none: it closes as Canceled. */
export interface RestoreOutcome {
  /** The terminal phase; `Gone` where the Restore was deleted. */
  phase: RestorePhase | 'Gone'
  /** Number of items that were restored. */
  items: number
  warnings: number
  errors: number
  /** Why the restore failed, was cancelled or was not valid, where that is known. */
  reason?: string
}
