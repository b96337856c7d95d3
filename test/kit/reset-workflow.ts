import type { Client, WorkflowHandle } from '@temporalio/client'

/** Resets a workflow as the Web UI does, to the point before it first asked for an activity; returns its new run. */
export async function resetBefore(client: Client, workflowId: string, activity: string): Promise<WorkflowHandle> {
  const handle = client.workflow.getHandle(workflowId)
  const { runId } = await handle.describe()
  const { events } = await handle.fetchHistory()
  const asked = events?.find(
    ({ activityTaskScheduledEventAttributes: begun }) => begun?.activityType?.name === activity,
  )
  const before = asked?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId
  if (before === undefined || before === null) throw new Error(`${workflowId} has asked for no ${activity}`)
  const reset = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'by hand',
    requestId: runId,
    workflowTaskFinishEventId: before,
  })
  return client.workflow.getHandle(workflowId, reset.runId)
}
