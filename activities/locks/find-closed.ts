import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'

/** Says which of these workflows do not run any more: what they hold is dropped. */
export async function findClosed({ workflowIds }: { workflowIds: readonly string[] }): Promise<string[]> {
  const { client } = Context.current()
  const closed: string[] = []
  for (const workflowId of workflowIds) {
    try {
      const { status } = await client.workflow.getHandle(workflowId).describe()
      if (status.name !== 'RUNNING' && status.name !== 'CONTINUED_AS_NEW') closed.push(workflowId)
    } catch (thrown) {
      if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
      closed.push(workflowId)
    }
    Context.current().heartbeat()
  }
  return closed
}
