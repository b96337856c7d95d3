import type { AdmitReport } from './admit-restore.ts'
import type { Meter } from '../ports.ts'

/** Counts what admission decided about a new Restore, as Velero counts its attempts, and passes the report on. */
export function countAdmission(
  meter: Meter | undefined,
  schedule: string | undefined,
  report: AdmitReport,
): AdmitReport {
  if (meter === undefined) return report
  switch (report.do) {
    case 'restore':
      if (!report.resumed) meter.restoreAttempted(schedule ?? '')
      return report
    case 'over':
      if (report.phase !== 'FailedValidation' && report.phase !== 'Failed') return report
      meter.restoreAttempted(schedule ?? '')
      meter.restoreEnded(report.phase, schedule ?? '')
      return report
  }
}
