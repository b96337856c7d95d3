import { CancellationScope, ParentClosePolicy, startChild } from '@temporalio/workflow'
import { notifyWorkflowIdOf, notifyWorkflowType } from '../../contract/notify.ts'
import type { NotifyInput } from '../../contract/notify.ts'
import { reasonOf } from '../activity-calls.ts'

/**
 * Hands a notification to a workflow of its own, which goes on when this one is over. `of` says for people what it is about, such as
 * `restore again: Completed`. Returns why it was not begun: a run that was reset may have begun it already.
 */
export async function startNotice(input: NotifyInput, of: string): Promise<string | undefined> {
  try {
    await CancellationScope.nonCancellable(() =>
      startChild(notifyWorkflowType, {
        workflowId: notifyWorkflowIdOf(input),
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `notify of the end of ${of}`,
      }),
    )
    return undefined
  } catch (thrown) {
    return reasonOf(thrown)
  }
}
