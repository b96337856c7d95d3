import { isGrpcServiceError, QueryNotRegisteredError, ServiceError, WorkflowNotFoundError } from '@temporalio/client'
import { failuresQuery, progressQuery, taskQueueOf, workflowIdOf } from '../../contract/restore-workflow.ts'
import type { RestoreProgress, RestoreRef } from '../../contract/restore-workflow.ts'
import type { Connections } from './connections.ts'
import { pendingTrouble } from './pending-trouble.ts'

/** What a workflow says of itself, or in words what stands in the way of asking it. */
export type ProgressAnswer = { do: 'answer'; progress: RestoreProgress } | { do: 'none'; waitingFor: string }

/** A worker has to be there to answer; it does so in milliseconds, unless it is busy. Who asks again soon waits less. */
const patienceMs = { once: 4000, again: 2000 } as const

/** Asks a restore's workflow where it stands. Never rejects: the Restore's status says enough without. */
export async function queryProgress(
  connections: Connections,
  ref: RestoreRef,
  asked: keyof typeof patienceMs,
): Promise<ProgressAnswer> {
  const temporal = await connections.temporal()
  if (temporal.do === 'without') return { do: 'none', waitingFor: temporal.why }
  const { client } = temporal
  const handle = client.workflow.getHandle(workflowIdOf(ref))
  const inTime = <T>(ask: () => Promise<T>) => client.withDeadline(Date.now() + patienceMs[asked], ask)
  // Who is asked twice answers a little later, but a worker that is stuck does not keep the server from telling of it.
  const [progress, waits] = await Promise.allSettled([
    inTime(() => handle.query(progressQuery)),
    inTime(async () => pendingTrouble((await handle.describe()).raw.pendingActivities ?? [])),
  ])
  const waitingFor = waits.status === 'fulfilled' ? waits.value : undefined
  if (progress.status === 'rejected') {
    const silent = waits.status === 'rejected' && isSilence(waits.reason)
    return { do: 'none', waitingFor: silent ? 'Temporal does not answer' : whyNone(progress.reason, ref) }
  }
  return { do: 'answer', progress: { ...progress.value, ...(waitingFor === undefined ? {} : { waitingFor }) } }
}

/** The server answers for itself at once; only a question to the workflow needs a worker. */
function isSilence(thrown: unknown): boolean {
  const cause = thrown instanceof ServiceError ? thrown.cause : undefined
  return isGrpcServiceError(cause) && silentCodes.has(cause.code)
}

/** DEADLINE_EXCEEDED and UNAVAILABLE. */
const silentCodes: ReadonlySet<number> = new Set([4, 14])

function whyNone(thrown: unknown, ref: RestoreRef): string {
  if (thrown instanceof WorkflowNotFoundError) return 'a worker to see the Restore and start its workflow'
  if (thrown instanceof QueryNotRegisteredError) return 'the workflow to begin'
  return `a worker on task queue ${taskQueueOf(ref.cluster, ref.namespace)}`
}

/** The latest trouble that the workflow tells of; empty where it does not answer. */
export async function queryFailures(connections: Connections, ref: RestoreRef): Promise<readonly string[]> {
  const temporal = await connections.temporal()
  if (temporal.do === 'without') return []
  try {
    const handle = temporal.client.workflow.getHandle(workflowIdOf(ref))
    return await temporal.client.withDeadline(Date.now() + patienceMs.once, () => handle.query(failuresQuery))
  } catch {
    return []
  }
}
