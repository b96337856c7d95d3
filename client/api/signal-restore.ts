import { WorkflowNotFoundError } from '@temporalio/client'
import { cancelAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import { cancelSignal, workflowIdOf } from '../../contract/restore-workflow.ts'
import { ClientError } from './client-error.ts'
import type { Connections } from './connections.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { isOver } from './restore-state.ts'
import { veleroRef } from './velero-objects.ts'
import { refOf } from './start-restore.ts'

/**
 * Asks a restore to stop: by the signal, or where no workflow can be reached by an annotation, which the workers' watcher
 * sees. Returns which of them it was.
 */
export async function cancelRestore(
  connections: Connections,
  restore: Restore,
  reason: string,
): Promise<'signal' | 'annotation'> {
  const { name } = restore.metadata
  if (isOver(restore))
    throw new ClientError(exitCodes.error, `Restore "${name}" is over already: ${restore.status?.phase ?? ''}`)
  if (await signalled(connections, restore, reason)) return 'signal'
  await annotate(connections, restore, reason)
  return 'annotation'
}

async function signalled(connections: Connections, restore: Restore, reason: string): Promise<boolean> {
  const temporal = await connections.temporal()
  if (temporal.do === 'without') return false
  try {
    await temporal.client.workflow.getHandle(workflowIdOf(refOf(connections, restore))).signal(cancelSignal, reason)
    return true
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return false
    throw thrown
  }
}

/** The uid makes sure that it is this Restore and not one made again under its name. */
async function annotate({ connection, namespace }: Connections, restore: Restore, reason: string): Promise<void> {
  const { name, uid } = restore.metadata
  await connection.cluster.patch(
    { ...veleroRef('restores'), namespace, name },
    { metadata: { uid, annotations: { [cancelAnnotation]: reason } } },
    { fieldManager: 'drydock-client' },
  )
}
