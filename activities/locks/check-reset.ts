import { Context } from '@temporalio/activity'
import { LRUCache } from 'lru-cache'
import { locksQuery } from '../../contract/lock-workflow.ts'
import type { LocksOfRun } from '../../contract/lock-workflow.ts'
import type { Wait } from '../../contract/look.ts'
import { lookSignal } from '../../contract/restore-workflow.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { decideGrants } from '../../core/locks/decide-grants.ts'
import type { Locks } from '../../core/locks/decide-grants.ts'
import { runOf } from '../../core/request/decide-retry.ts'
import { levelsOf } from '../../core/request/levels.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { fatal, gone, runOver } from '../frame/failures.ts'
import { waitSince } from '../frame/look.ts'
import { readRestore } from '../frame/restore-resource.ts'
import type { WorkerParts } from '../frame/session.ts'
import { sendRequest } from './request-locks.ts'

/** Checks a run that was reset, before it writes: undefined where it may, else what is waited for. */
export type ResetCheck = (ref: AdmittedRef, locks: LocksOfRun) => Promise<Wait | undefined>

/** How long the workflow of the locks may take to answer, and how often it is asked. */
const answerMs = 5000
const lookSeconds = { first: 1, last: 10 } as const
const runsMax = 500

/**
 * Makes the check of a worker. The history of a run that was reset, for instance in Temporal's Web UI, says that the Restore
 * is in progress and that its namespaces are held; both may have ended since. So before its first write in each worker the
 * Restore is read, and the locks are asked for again where the run does not hold them (rules 2 and 9). Throws `RestoreGone`,
 * or `RunOver` where the Restore is over or in another run.
 */
export function createResetCheck(parts: WorkerParts): ResetCheck {
  const passed = new LRUCache<string, true>({ max: runsMax })
  return async (ref, locks) => {
    const runId = Context.current().info.workflowExecution?.runId ?? ''
    if (passed.has(runId)) return undefined
    const restore = await readUnlessOver(parts, ref)
    // The reset has forgotten what the run before was told, or has read.
    const { workflow } = Context.current().client
    if (Object.keys(levelsOf(restore)).length > 0)
      await workflow.getHandle(locks.run.workflowId).signal(lookSignal.name)
    const behind = await askForLocks(parts, ref, locks)
    if (behind === undefined) {
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

async function readUnlessOver({ ports }: WorkerParts, ref: AdmittedRef): Promise<Restore> {
  const restore = await readRestore(ports.cluster, ref)
  if (restore === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
  const why = whyOver(restore, ref)
  if (why !== undefined)
    throw runOver(`this run was reset, but Restore ${ref.namespace}/${ref.name} ${why}`, restore.status?.phase || 'New')
  return restore
}

function whyOver(restore: Restore, ref: AdmittedRef): string | undefined {
  const { status = {} } = restore
  if (isTerminal(status.phase) && !isSweptByVelero(status)) return `is ${status.phase}: use drydock retry`
  const run = runOf(restore)
  return run === (ref.run ?? 1) ? undefined : `is in run ${run} by now`
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
