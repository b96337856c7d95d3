import { log, ParentClosePolicy, startChild } from '@temporalio/workflow'
import type { DrillNotice } from '../../activities/drill/record-drill.ts'
import type { DrillRun } from '../../activities/drill/drill-input.ts'
import type { DrillRecord } from '../../contract/drill.ts'
import { notifyWorkflowIdOf, notifyWorkflowType } from '../../contract/notify.ts'
import type { NotifyInput } from '../../contract/notify.ts'
import { endedDrill } from '../../core/notify/ended-drill.ts'
import { isNotified } from '../../core/notify/judge-answer.ts'
import { reasonOf } from '../activity-calls.ts'

/** Hands the notification of a drill that is over to a workflow of its own, where a receiver is set and wants to know. */
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
  try {
    await startChild(notifyWorkflowType, {
      workflowId: notifyWorkflowIdOf(input),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: `notify of the end of drill ${record.drill}: ${ended.phase}`,
    })
  } catch (thrown) {
    // The drill has ended as it has; a run that was reset may have begun it already.
    log.warn('the notification of a drill was not begun', { drill: record.drill, why: reasonOf(thrown) })
  }
}
