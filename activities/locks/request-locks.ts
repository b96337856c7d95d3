import { Context } from '@temporalio/activity'
import type { LockSignal, LocksOfRun } from '../../contract/lock-workflow.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { targetNamespaces } from '../../core/locks/decide-grants.ts'
import type { LockRequest } from '../../core/locks/decide-grants.ts'
import { askTemporal, currentActivity } from '../frame/activity-context.ts'
import { journalDamaged } from '../frame/failures.ts'
import { readRestore, recordEvent } from '../frame/restore-resource.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Session, Sessions, WorkerParts } from '../frame/session.ts'
import type { Ports } from '../ports.ts'
import { widerNamespaces } from './widen-hold.ts'

/** Which restore asks for its target namespaces, and which workflow it asks. */
export interface RequestLocksInput extends LocksOfRun {
  ref: AdmittedRef
  /** For how long it has waited since it asked last, in seconds; absent for the first time. */
  waitedSeconds?: number
}

/** What the workflow has to know of its wait. */
export interface RequestLocksReport {
  /** For how long it may wait. */
  patienceMs: number
}

/**
 * Asks the workflow of the locks for all namespaces that the plan writes into; asking again changes nothing (rule 9). The wait
 * since the last time is counted here: the workflow waits without an activity, and counts nothing itself.
 */
export function requestLocks(parts: WorkerParts) {
  const { ports, settings } = parts
  return (input: RequestLocksInput): Promise<RequestLocksReport> =>
    runActivity(ports.presence, { doing: `asking for the namespaces of restore ${input.ref.name}` }, async () => {
      await sendRequest(parts, input)
      if (input.waitedSeconds !== undefined) currentActivity()?.waited?.('lock', input.waitedSeconds)
      return patienceOf(settings)
    })
}

/** Asks for the namespaces of a plan that is at hand, as {@link requestLocks} does. */
export async function askFor(plan: Plan, parts: WorkerParts, input: RequestLocksInput): Promise<RequestLocksReport> {
  await send(parts, await requestFor(plan, await parts.sessions.open(input.ref), input.run), input)
  return patienceOf(parts.settings)
}

function patienceOf({ lockTimeoutSeconds }: WorkerParts['settings']): RequestLocksReport {
  return { patienceMs: lockTimeoutSeconds * 1000 }
}

/** Sends the request of a run to the workflow of the locks, and starts that where it does not run. */
export async function sendRequest(parts: WorkerParts, input: RequestLocksInput): Promise<void> {
  await send(parts, await lockRequestOf(parts.sessions, input.ref, input.run), input)
}

async function send(
  { ports, settings }: WorkerParts,
  request: LockRequest,
  { ref, locks }: RequestLocksInput,
): Promise<void> {
  // A worker that was frozen meanwhile must not ask: the restore may have released its namespaces since (rule 7).
  ports.presence.assertMayWrite()
  const signal: LockSignal = { request, restoresMax: settings.restoresMax }
  const { client, info } = Context.current()
  await askTemporal(() =>
    client.workflow.signalWithStart(locks.workflowType, {
      workflowId: locks.workflowId,
      taskQueue: info.taskQueue,
      signal: locks.signal,
      signalArgs: [signal],
      args: [],
      staticSummary: `Which restore writes into which namespace (${ref.namespace})`,
    }),
  )
}

/** What a run of a restore asks for: all namespaces that its plan writes into, and those that it has got besides. */
export async function lockRequestOf(
  sessions: Sessions,
  ref: AdmittedRef,
  run: { workflowId: string; runId: string },
): Promise<LockRequest> {
  const request = await plannedRequestOf(sessions, ref, run)
  if (request === undefined) throw journalDamaged(`the journal of restore ${ref.name} has no plan`)
  return request
}

/** The same; undefined where the restore has no plan yet. */
export async function plannedRequestOf(
  sessions: Sessions,
  ref: AdmittedRef,
  run: { workflowId: string; runId: string },
): Promise<LockRequest | undefined> {
  const session = await sessions.open(ref)
  const plan = await sessions.planOf(session)
  return plan === undefined ? undefined : requestFor(plan, session, run)
}

async function requestFor(
  plan: Plan,
  { ref, journal, admission }: Session,
  run: { workflowId: string; runId: string },
): Promise<LockRequest> {
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    restore: `${ref.namespace}/${ref.name}`,
    createdAt: admission.restore.creationTimestamp,
    uid: ref.uid,
    namespaces: withWider(targetNamespaces(plan), await widerNamespaces(journal)),
  }
}

function withWider(planned: readonly string[], wider: readonly string[]): string[] {
  return planned[0] === '*' ? [...planned] : [...new Set([...planned, ...wider])]
}

/** Which restore waits, and what for. */
export interface TellWaitInput {
  ref: { namespace: string; name: string; uid: string }
  waitingFor: string
}

/** Records an Event on a Restore that waits for another one. */
export function tellWait(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'log'>) {
  return ({ ref, waitingFor }: TellWaitInput): Promise<void> =>
    runActivity(ports.presence, { doing: `recording what restore ${ref.name} waits for` }, async () => {
      const restore = await readRestore(ports.cluster, ref)
      if (restore === undefined) return
      await recordEvent(ports, restore, { type: 'Normal', reason: 'Waiting', note: `waits for ${waitingFor}` })
    })
}
