import type { Restore } from '../../velero/restore.ts'
import type { ReportedRestore } from './report-facts.ts'

/** What a report says of the Restore; `now` where its times are missing. */
export function reportedRestore({ metadata, spec, status = {} }: Restore, now: string): ReportedRestore {
  const { hookStatus, failureReason, startTimestamp, completionTimestamp } = status
  const hooks = { attempted: hookStatus?.hooksAttempted ?? 0, failed: hookStatus?.hooksFailed ?? 0 }
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    backup: spec.backupName ?? '',
    ...(spec.scheduleName ? { schedule: spec.scheduleName } : {}),
    phase: status.phase || 'New',
    ...(failureReason ? { reason: failureReason } : {}),
    startedAt: startTimestamp ?? now,
    endedAt: completionTimestamp ?? now,
    ...(hookStatus === undefined ? {} : { hooks }),
  }
}
