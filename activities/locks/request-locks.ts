import { Context } from '@temporalio/activity'
import type { LockSignal } from '../../contract/lock-workflow.ts'
import { withAttempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import type { Ports } from '../ports.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Sessions } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import { lockRequestOf } from './lock-request-of.ts'

/** Who asks, and where. */
export interface RequestLocksInput {
  ref: AdmittedRef
  /** The workflow of the locks, which is started where it does not run. */
  locks: { workflowType: string; workflowId: string; signal: string }
  run: { workflowId: string; runId: string }
}

/** What the workflow has to know of its wait. */
export interface RequestLocksReport {
  /** For how long it may wait. */
  patienceMs: number
}

/** Asks the workflow of the locks for all namespaces that the plan writes into; asking again changes nothing (rule 9). */
export function requestLocks({ ports, sessions, settings }: { ports: Ports; sessions: Sessions; settings: Settings }) {
  return ({ ref, locks, run }: RequestLocksInput): Promise<RequestLocksReport> =>
    withAttempt(ports.presence.worker, async () => {
      try {
        const request = await lockRequestOf(sessions, ref, run)
        const signal: LockSignal = { request, restoresMax: settings.restoresMax }
        const { client, info } = Context.current()
        await client.workflow.signalWithStart(locks.workflowType, {
          workflowId: locks.workflowId,
          taskQueue: info.taskQueue,
          signal: locks.signal,
          signalArgs: [signal],
          args: [],
          staticSummary: `Which restore writes into which namespace (${ref.namespace})`,
        })
        return { patienceMs: settings.lockTimeoutSeconds * 1000 }
      } catch (thrown) {
        throw asFailure(thrown, `asking for the namespaces of restore ${ref.name}`)
      }
    })
}
