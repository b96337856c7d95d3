import { Context } from '@temporalio/activity'
import { LRUCache } from 'lru-cache'
import { locksQuery } from '../../contract/lock-workflow.ts'
import type { LocksOfRun } from '../../contract/lock-workflow.ts'
import type { Wait } from '../../contract/look.ts'
import { lookSignal } from '../../contract/restore-workflow.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { decideGrants } from '../../core/locks/decide-grants.ts'
import type { Locks } from '../../core/locks/decide-grants.ts'
import { levelsOf } from '../../core/request/levels.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
import type { Restore } from '../../velero/restore.ts'
import { fatal } from '../frame/failures.ts'
import { askTemporal } from '../frame/activity-context.ts'
import { waitSince } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import { sendRequest } from './request-locks.ts'

/** A restore that is under way, with its Restore as it was just read. */
export interface UnderwayRestore {
  ref: AdmittedRef
  restore: Restore
}

/** Checks the locks of a run that was reset, before it writes: undefined where it holds them, else what is waited for. */
export type ResetCheck = (underway: UnderwayRestore, locks: LocksOfRun) => Promise<Wait | undefined>

/** How long the workflow of the locks may take to answer, and how often it is asked. */
const answerMs = 5000
const lookSeconds = { first: 1, last: 10 } as const
const runsMax = 500

/**
 * Makes the check of a worker. The history of a run that was reset, for instance in Temporal's Web UI, says that its namespaces
 * are held; that may have ended since. So before its first write in each worker the locks are asked for again where the run
 * does not hold them (rule 9), and the run is told to read what stands on the Restore (rule 2).
 */
export function createResetCheck(parts: WorkerParts): ResetCheck {
  // Made when it is needed, as in `cachedByRun`.
  let passed: LRUCache<string, true> | undefined
  return async ({ ref, restore }, locks) => {
    const runId = Context.current().info.workflowExecution?.runId ?? ''
    if (passed?.has(runId) === true) return undefined
    // The reset has forgotten what the run before was told, or has read.
    const { workflow } = Context.current().client
    if (Object.keys(levelsOf(restore)).length > 0)
      await askTemporal(() => workflow.getHandle(locks.run.workflowId).signal(lookSignal.name))
    const behind = await askForLocks(parts, ref, locks)
    if (behind === undefined) {
      passed ??= new LRUCache({ max: runsMax })
      passed.set(runId, true)
      return undefined
    }
    const { session, sinceMs } = await beginWait(parts, ref, runId)
    const patienceMs = parts.settings.lockTimeoutSeconds * 1000
    const waitedMs = parts.ports.clock.now().getTime() - sinceMs
    if (waitedMs >= patienceMs)
      throw fatal(
        `restore ${session.ref.name} gave up after ${formatGoDuration(patienceMs)} (DRYDOCK_LOCK_TIMEOUT) of waiting for ${behind}`,
      )
    return { waitingFor: behind, afterSeconds: waitedMs < 5000 ? lookSeconds.first : lookSeconds.last }
  }
}

async function beginWait({ sessions, ports }: WorkerParts, ref: AdmittedRef, runId: string) {
  const session = await sessions.open(ref)
  return { session, sinceMs: await waitSince(session.journal, `reset/${runId}`, ports.clock.now()) }
}

/** What the run waits for; undefined where it holds its namespaces. One that holds none and waits for none asks. */
async function askForLocks(parts: WorkerParts, ref: AdmittedRef, locks: LocksOfRun): Promise<string | undefined> {
  const { client } = Context.current()
  const isThis = (one: { workflowId: string; runId: string }) =>
    one.workflowId === locks.run.workflowId && one.runId === locks.run.runId
  const handle = client.workflow.getHandle(locks.locks.workflowId)
  // Nobody answers where no restore holds namespaces, since the workflow of the locks does not run then.
  const known = await client
    .withDeadline(Date.now() + answerMs, () => handle.query<Locks>(locksQuery.name))
    .catch(() => undefined)
  if (known?.holders.some((one) => isThis(one) && one.presumed === undefined) === true) return undefined
  if (known?.waiting.some(isThis) !== true) await sendRequest(parts, { ref, ...locks })
  const line = decideGrants(known ?? { holders: [], waiting: [] }, parts.settings.restoresMax)
  return line.blocked.find(({ request }) => isThis(request))?.behind ?? 'its turn to restore into its namespaces again'
}
