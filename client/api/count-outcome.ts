import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'

/** How a restore ended, in figures. */
export interface CountedOutcome {
  name: string
  uid: string
  phase: RestorePhase | 'Gone'
  items: number
  warnings: number
  errors: number
  /** From its first phase to its last. */
  seconds?: number
  /** Why it failed or who cancelled it. */
  reason?: string
  validationErrors?: string[]
}

/** Reads it from the Restore as it ended; one that was deleted is `Gone`. */
export function countOutcome(restore: Restore, ended: Restore | undefined): CountedOutcome {
  const { name, uid = '' } = restore.metadata
  const { status = {} } = ended ?? {}
  const seconds = secondsBetween(status.startTimestamp, status.completionTimestamp)
  return {
    name,
    uid,
    phase: ended === undefined ? 'Gone' : status.phase || 'New',
    items: status.progress?.itemsRestored ?? 0,
    warnings: status.warnings ?? 0,
    errors: status.errors ?? 0,
    ...(seconds === undefined ? {} : { seconds }),
    ...(status.failureReason === undefined ? {} : { reason: status.failureReason }),
    ...(status.validationErrors === undefined ? {} : { validationErrors: status.validationErrors }),
  }
}

function secondsBetween(start: string | undefined, end: string | null | undefined): number | undefined {
  if (start === undefined || end === undefined || end === null) return undefined
  return Math.max(0, (Date.parse(end) - Date.parse(start)) / 1000)
}
