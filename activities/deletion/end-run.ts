import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import { withAttempt } from '../frame/run-activity.ts'
import type { Ports } from '../ports.ts'

/** Which workflow to end, by which signal, and for how long it is asked. */
export interface EndRunInput {
  workflowId: string
  signal: string
  reason: string
  patienceSeconds: number
}

const pollMs = 300

/**
 * Has the workflow of a restore cancelled and waits until it has closed; one that does not close in time is terminated.
 * A workflow that was never there, or has closed, is fine.
 */
export function endRun({ presence, clock, log }: Pick<Ports, 'presence' | 'clock' | 'log'>) {
  return (input: EndRunInput): Promise<void> =>
    withAttempt(presence.worker, async (attempt) => {
      const handle = Context.current().client.workflow.getHandle(input.workflowId)
      const deadline = clock.now().getTime() + input.patienceSeconds * 1000
      try {
        for (let asked = false; (await handle.describe()).status.name === 'RUNNING'; asked = true) {
          if (!asked) await handle.signal(input.signal, input.reason)
          attempt.waitingFor('the end of the running restore')
          if (clock.now().getTime() > deadline) {
            log.warn('a cancelled restore does not end and is terminated', { workflow: input.workflowId })
            await handle.terminate(input.reason)
          }
          await clock.sleep(pollMs, attempt.signal)
        }
      } catch (thrown) {
        if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
      }
    })
}
