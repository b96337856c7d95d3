import type { NotifyOrder } from '../../contract/notify.ts'
import { isTerminal } from '../../velero/phases.ts'
import { drillLabel } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Settings } from '../settings.ts'

/**
 * Tells the workflow that the end is notified, where this worker has a receiver: the end of the restore that begins, or of the one
 * that the admission has ended. The restore of a drill is told with the end of the drill.
 */
export function withNotice<Report extends { do: 'restore' | 'over'; phase?: string }>(
  report: Report,
  { notify }: Pick<Settings, 'notify'>,
  { metadata }: Restore,
): Report & { notify?: NotifyOrder } {
  if (metadata.labels?.[drillLabel] !== undefined) return report
  if (notify === undefined || (report.do === 'over' && !isTerminal(report.phase))) return report
  return { ...report, notify: { on: notify.on, seconds: notify.seconds } }
}
