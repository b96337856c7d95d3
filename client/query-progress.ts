import { QueryNotRegisteredError, WorkflowNotFoundError } from '@temporalio/client'
import { failuresQuery, progressQuery, taskQueueOf, workflowIdOf } from '../workflows/contract.ts'
import type { RestoreProgress, RestoreRef } from '../workflows/contract.ts'
import type { Connections } from './connections.ts'

/** What a workflow says of itself, or in words what stands in the way of asking it. */
export type ProgressAnswer = { do: 'answer'; progress: RestoreProgress } | { do: 'none'; waitingFor: string }

/** A worker has to be there to answer; it does so in milliseconds. */
const patienceMs = 2000

/** Asks a restore's workflow where it stands. Never rejects: the Restore's status says enough without. */
export async function queryProgress(connections: Connections, ref: RestoreRef): Promise<ProgressAnswer> {
  const temporal = await connections.temporal()
  if (temporal.do === 'without') return { do: 'none', waitingFor: temporal.why }
  try {
    const handle = temporal.client.workflow.getHandle(workflowIdOf(ref))
    const progress = await temporal.client.withDeadline(Date.now() + patienceMs, () => handle.query(progressQuery))
    return { do: 'answer', progress }
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError)
      return { do: 'none', waitingFor: 'a worker to see the Restore and start its workflow' }
    if (thrown instanceof QueryNotRegisteredError) return { do: 'none', waitingFor: 'the workflow to begin' }
    return { do: 'none', waitingFor: `a worker on task queue ${taskQueueOf(ref.cluster, ref.namespace)}` }
  }
}

/** The latest trouble that the workflow tells of; empty where it does not answer. */
export async function queryFailures(connections: Connections, ref: RestoreRef): Promise<readonly string[]> {
  const temporal = await connections.temporal()
  if (temporal.do === 'without') return []
  try {
    const handle = temporal.client.workflow.getHandle(workflowIdOf(ref))
    return await temporal.client.withDeadline(Date.now() + patienceMs, () => handle.query(failuresQuery))
  } catch {
    return []
  }
}
