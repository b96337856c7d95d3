import type { Client, WorkflowHandle } from '@temporalio/client'

/** Resets a run of a workflow as the Web UI does, to the point before it first asked for an activity; returns its new run. */
export async function resetBefore(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId: string },
  activity: string,
): Promise<WorkflowHandle> {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory()
  const asked = events?.find(
    ({ activityTaskScheduledEventAttributes: begun }) => begun?.activityType?.name === activity,
  )
  const before = asked?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId
  if (before === undefined || before === null)
    throw new Error(`run ${runId} of ${workflowId} has asked for no ${activity}`)
  const reset = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'by hand',
    requestId: runId,
    workflowTaskFinishEventId: before,
  })
  return client.workflow.getHandle(workflowId, reset.runId)
}
