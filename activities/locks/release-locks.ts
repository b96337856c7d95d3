import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'

/** Which run gives up what it holds, and by which signal. */
export interface ReleaseLocksInput {
  locks: { workflowId: string; signal: string }
  run: { workflowId: string; runId: string }
}

/** Tells the workflow of the locks that a run needs its namespaces no more. Where that has closed nobody holds any. */
export async function releaseLocks({ locks, run }: ReleaseLocksInput): Promise<void> {
  try {
    await Context.current().client.workflow.getHandle(locks.workflowId).signal(locks.signal, run)
  } catch (thrown) {
    if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
  }
}
