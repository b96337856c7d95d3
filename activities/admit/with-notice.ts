import type { NotifyOrder } from '../../contract/notify.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Settings } from '../settings.ts'

/**
 * Tells the workflow that the end is notified, where this worker has a receiver: the end of the restore that begins, or of the one
 * that the admission has ended.
 */
export function withNotice<Report extends { do: 'restore' | 'over'; phase?: string }>(
  report: Report,
  { notify }: Pick<Settings, 'notify'>,
): Report & { notify?: NotifyOrder } {
  if (notify === undefined || (report.do === 'over' && !isTerminal(report.phase))) return report
  return { ...report, notify: { on: notify.on, seconds: notify.seconds } }
}
