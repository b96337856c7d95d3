import { WorkflowNotFoundError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { cancelSignal, pauseSignal, resumeSignal, workflowIdOf } from '../../contract/restore-workflow.ts'
import { cancelAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import { requireTemporal } from './connections.ts'
import type { Connections } from './connections.ts'
import { ClientError, exitCodes } from './errors.ts'
import { isOver, refOf, veleroRef } from './velero-objects.ts'

/**
 * Asks a restore to stop, and returns how: by a signal to its workflow, or, where that cannot be reached, by an annotation
 * of the Restore that the workers watch for. Throws a `ClientError` where the restore is over.
 */
export async function cancelRestore(
  connections: Connections,
  restore: Restore,
  reason: string,
): Promise<'signal' | 'annotation'> {
  refuseOver(restore)
  if (await signalCancel(connections, restore, reason)) return 'signal'
  await annotateCancel(connections, restore, reason)
  return 'annotation'
}

/** Starts no further chunk of a restore until it is resumed. Throws a `ClientError` where it is over or has no workflow. */
export function pauseRestore(connections: Connections, restore: Restore, reason: string): Promise<void> {
  return signalWorkflow(connections, restore, (handle) => handle.signal(pauseSignal, reason))
}

/** Ends a pause. Throws a `ClientError` where the restore is over or has no workflow. */
export function resumeRestore(connections: Connections, restore: Restore): Promise<void> {
  return signalWorkflow(connections, restore, (handle) => handle.signal(resumeSignal))
}

function refuseOver(restore: Restore): void {
  if (!isOver(restore)) return
  const { metadata, status } = restore
  throw new ClientError(exitCodes.error, `Restore "${metadata.name}" is over already: ${status?.phase ?? ''}`)
}

async function signalWorkflow(
  connections: Connections,
  restore: Restore,
  send: (handle: WorkflowHandle) => Promise<void>,
): Promise<void> {
  refuseOver(restore)
  const { client } = await requireTemporal(connections.temporal())
  try {
    await send(client.workflow.getHandle(workflowIdOf(refOf(connections, restore))))
  } catch (thrown) {
    if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
    throw new ClientError(exitCodes.notFound, `No workflow runs for restore "${restore.metadata.name}"`, {
      cause: thrown,
    })
  }
}

/** False where Temporal cannot be reached or runs no workflow of this Restore. */
async function signalCancel(connections: Connections, restore: Restore, reason: string): Promise<boolean> {
  const temporal = await connections.temporal()
  if (!temporal.reachable) return false
  try {
    await temporal.client.workflow.getHandle(workflowIdOf(refOf(connections, restore))).signal(cancelSignal, reason)
    return true
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return false
    throw thrown
  }
}

/** The uid makes the API server refuse where a new Restore has the same name. */
async function annotateCancel({ connection, namespace }: Connections, restore: Restore, reason: string): Promise<void> {
  const { name, uid } = restore.metadata
  await connection.cluster.patch(
    { ...veleroRef('restores'), namespace, name },
    { metadata: { uid, annotations: { [cancelAnnotation]: reason } } },
    { fieldManager: 'drydock-client' },
  )
}
