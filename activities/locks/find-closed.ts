import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import type { Ports } from '../ports.ts'

/**
 * What ended a workflow from outside may have left a write under way, which ends with its worker's Lease (rule 7); and
 * a watcher soon begins it anew: until then it keeps its namespaces.
 */
const endedByForceMs = 30_000

/** Says which of these workflows do not run any more: what they hold is dropped. */
export function findClosed({ clock }: Pick<Ports, 'clock'>) {
  return async ({ workflowIds }: { workflowIds: readonly string[] }): Promise<string[]> => {
    const { client } = Context.current()
    const closed: string[] = []
    for (const workflowId of workflowIds) {
      try {
        const { status, closeTime } = await client.workflow.getHandle(workflowId).describe()
        const byForce = status.name === 'TERMINATED' || status.name === 'TIMED_OUT'
        const sinceMs = clock.now().getTime() - (closeTime?.getTime() ?? 0)
        if (closeTime !== undefined && (!byForce || sinceMs > endedByForceMs)) closed.push(workflowId)
      } catch (thrown) {
        if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
        closed.push(workflowId)
      }
      Context.current().heartbeat()
    }
    return closed
  }
}
