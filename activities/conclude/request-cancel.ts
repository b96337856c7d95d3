import { Context } from '@temporalio/activity'

/** Asks Temporal to cancel a run, so that it closes as Canceled. A run that has closed meanwhile is fine. */
export async function requestCancel(input: { workflowId: string; runId: string; reason: string }): Promise<void> {
  await Context.current().client.workflow.getHandle(input.workflowId, input.runId).cancel()
}
