import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowFailedError } from '@temporalio/client'
import { drillFailedType } from '../../../contract/drill.ts'
import type { DrillRecord } from '../../../contract/drill.ts'
import { requireTemporal } from '../connections.ts'
import type { Connections } from '../connections.ts'
import { ClientError, exitCodes } from '../errors.ts'
import { requireDrill } from './drills.ts'

const startPollMs = 500
const startMsMax = 30_000

/**
 * Begins a drill now and returns the id of its workflow. Throws a `ClientError` where the drill is running already: two of one name
 * would want the same namespaces.
 */
export async function runDrill(connections: Connections, name: string): Promise<string> {
  const { running, handle } = await requireDrill(connections, name)
  if (running.length > 0) throw new ClientError(exitCodes.error, `drill "${name}" is running already`)
  const known = new Set(await startedBy(handle))
  await handle.trigger('SKIP')
  for (const deadline = performance.now() + startMsMax; performance.now() < deadline; await sleep(startPollMs)) {
    const workflowId = (await startedBy(handle)).findLast((id) => !known.has(id))
    if (workflowId !== undefined) return workflowId
  }
  throw new ClientError(exitCodes.error, `Temporal has not begun drill "${name}" within ${startMsMax / 1000} s`)
}

async function startedBy(handle: Awaited<ReturnType<typeof requireDrill>>['handle']): Promise<string[]> {
  return (await handle.describe()).info.recentActions.map(({ action }) => action.workflow.workflowId)
}

/** Waits until a drill is over. One that failed is a record as well; one that was cancelled or terminated is thrown. */
export async function awaitDrill(connections: Connections, workflowId: string): Promise<DrillRecord> {
  const { client } = await requireTemporal(connections.temporal())
  try {
    return (await client.workflow.getHandle(workflowId).result()) as DrillRecord
  } catch (thrown) {
    const record = recordIn(thrown)
    if (record === undefined) throw thrown
    return record
  }
}

/** Temporal's classes are told by their names here: to load them takes long. */
function recordIn(thrown: unknown): DrillRecord | undefined {
  const cause = (thrown as WorkflowFailedError | undefined)?.cause as
    { type?: unknown; details?: unknown[]; cause?: unknown } | undefined
  return cause?.type === drillFailedType ? (cause.details?.[0] as DrillRecord | undefined) : undefined
}
