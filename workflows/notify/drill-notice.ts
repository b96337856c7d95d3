import { log } from '@temporalio/workflow'
import type { DrillNotice } from '../../activities/drill/record-drill.ts'
import type { DrillRun } from '../../activities/drill/drill-input.ts'
import type { DrillRecord } from '../../contract/drill.ts'
import type { NotifyInput } from '../../contract/notify.ts'
import { endedDrill } from '../../core/notify/ended-drill.ts'
import { isNotified } from '../../core/notify/judge-answer.ts'
import { startNotice } from './start-notice.ts'

/** Has the end of a drill notified, where a receiver is set and wants to know. */
export async function notifyOfDrill(
  { request: { namespace, cluster } }: DrillRun,
  record: DrillRecord,
  notice: DrillNotice | undefined,
): Promise<void> {
  const ended = endedDrill(namespace, record)
  if (notice === undefined || !isNotified(notice.on, ended.phase)) return
  const input: NotifyInput = {
    // The Restore is deleted by now.
    ref: { namespace, name: record.restore, uid: '', cluster },
    seconds: notice.seconds,
    subject: notice.subject,
    ended,
    sentence: `drill ${record.drill}: ${record.sentence}`,
    drill: record.drill,
  }
  const why = await startNotice(input, `drill ${record.drill}: ${ended.phase}`)
  // The drill has ended as it has.
  if (why !== undefined) log.warn('the notification of a drill was not begun', { drill: record.drill, why })
}
