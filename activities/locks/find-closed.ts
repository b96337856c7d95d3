import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import { judgeHold } from '../../core/locks/judge-hold.ts'
import type { Ports } from '../ports.ts'

/** Says which of these workflows do not run any more: what they hold is dropped. */
export function findClosed({ clock }: Pick<Ports, 'clock'>) {
  return async ({ workflowIds }: { workflowIds: readonly string[] }): Promise<string[]> => {
    const { client } = Context.current()
    const closed: string[] = []
    for (const workflowId of workflowIds) {
      try {
        const { status, closeTime } = await client.workflow.getHandle(workflowId).describe()
        const sinceMs = clock.now().getTime() - (closeTime?.getTime() ?? 0)
        const holdsNothing = judgeHold({ seen: 'closed', byForce: isByForce(status), sinceMs }).as === 'nothing'
        if (closeTime !== undefined && holdsNothing) closed.push(workflowId)
      } catch (thrown) {
        if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
        closed.push(workflowId)
      }
      Context.current().heartbeat()
    }
    return closed
  }
}

/** Whether somebody ended it from outside, so that it could not end its own work. */
export function isByForce({ name }: { name: string }): boolean {
  return name === 'TERMINATED' || name === 'TIMED_OUT'
}
