import { condition, workflowInfo } from '@temporalio/workflow'
import type { CancellationScope } from '@temporalio/workflow'
import { quick } from './activity-options.ts'

/**
 * A workflow closes as Canceled only where Temporal knows of a cancel. After the signal `cancel` it does not yet, so
 * the workflow has it asked for, and waits until it has arrived. Where it was Temporal's own cancel nothing is to do.
 */
export async function closeAsCanceled(root: CancellationScope, reason: string): Promise<void> {
  if (root.consideredCancelled) return
  const { workflowId, runId } = workflowInfo()
  await quick.requestCancel.executeWithOptions({ summary: 'close the workflow as Canceled' }, [
    { workflowId, runId, reason },
  ])
  await condition(() => root.consideredCancelled, '30s')
}
