import { cancelSignal, pauseSignal, resumeSignal, workflowIdOf } from '../../contract/restore-workflow.ts'
import { cancelAnnotation, pauseAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { ClientError, exitCodes, isTemporalError } from './errors.ts'
import type { AskedBy } from './options.ts'
import { isOver, refOf, veleroRef } from './velero-objects.ts'

export type { AskedBy } from './options.ts'

/** Asks a restore to stop, or its undo, where that is under way. Throws a `ClientError` where it is over. */
export async function cancelRestore(connections: Connections, restore: Restore, reason: string): Promise<AskedBy> {
  return ask(connections, restore, { annotation: { [cancelAnnotation]: reason }, signal: [cancelSignal.name, reason] })
}

/** Starts no further chunk of a restore, or of its undo, until it is resumed. Throws a `ClientError` where it is over. */
export function pauseRestore(connections: Connections, restore: Restore, reason: string): Promise<AskedBy> {
  return ask(connections, restore, { annotation: { [pauseAnnotation]: reason }, signal: [pauseSignal.name, reason] })
}

/** Ends a pause. Throws a `ClientError` where the restore is over. */
export function resumeRestore(connections: Connections, restore: Restore): Promise<AskedBy> {
  return ask(connections, restore, { annotation: { [pauseAnnotation]: null }, signal: [resumeSignal.name] })
}

interface Wish {
  annotation: Record<string, string | null>
  signal: [name: string, ...args: string[]]
}

/**
 * Writes a wish onto the Restore, where every run finds it, and sends it to the workflow that runs now, which is faster.
 * Who may not change the Restore may still send the signal. Of a restore that is over, its undo gets the signal.
 */
async function ask(connections: Connections, restore: Restore, wish: Wish): Promise<AskedBy> {
  if (isOver(restore)) {
    const { signalUndo } = await import('./undo/undo-restore.ts')
    const asked = await signalUndo(connections, restore, wish.signal)
    if (asked !== undefined) return asked
  }
  refuseOver(restore)
  const [annotated] = await Promise.allSettled([annotate(connections, restore, wish.annotation)])
  if (await sendSignal(connections, restore, wish.signal)) return 'signal'
  if (annotated.status === 'rejected') throw annotated.reason
  return 'annotation'
}

function refuseOver(restore: Restore): void {
  if (!isOver(restore)) return
  const { metadata, status } = restore
  throw new ClientError(exitCodes.error, `Restore "${metadata.name}" is over already: ${status?.phase ?? ''}`, {
    code: 'RESTORE_OVER',
  })
}

/** False where Temporal cannot be reached or runs no workflow of this Restore. */
async function sendSignal(
  connections: Connections,
  restore: Restore,
  [name, ...args]: Wish['signal'],
): Promise<boolean> {
  const temporal = await connections.temporal()
  if (!temporal.reachable) return false
  try {
    await temporal.client.workflow.getHandle(workflowIdOf(refOf(connections, restore))).signal(name, ...args)
    return true
  } catch (thrown) {
    if (isTemporalError(thrown, 'WorkflowNotFoundError')) return false
    throw thrown
  }
}

/** The uid makes the API server refuse where a new Restore has the same name. */
async function annotate(
  { connection, namespace }: Connections,
  restore: Restore,
  annotations: Wish['annotation'],
): Promise<void> {
  const { name, uid } = restore.metadata
  await connection.cluster.patch(
    { ...veleroRef('restores'), namespace, name },
    { metadata: { uid, annotations } },
    { fieldManager: 'drydock-client' },
  )
}
