import type { WorkflowHandle } from '@temporalio/client'
import { taskQueueOf } from '../../../contract/task-queue.ts'
import { undoFailedType, undoRefusedType } from '../../../contract/undo-restore.ts'
import { undoWorkflowIdOf, undoWorkflowType } from '../../../contract/undo-restore.ts'
import type { UndoInput } from '../../../contract/undo-restore.ts'
import type { UndoResult } from '../../../contract/undo-outcome.ts'
import { undoStateOf, whyNotUndone } from '../../../core/undo/undo-state.ts'
import type { Restore } from '../../../velero/restore.ts'
import { requireTemporal } from '../connections.ts'
import type { Connections } from '../connections.ts'
import { ClientError, exitCodes, isTemporalError } from '../errors.ts'
import { isOver, refOf } from '../velero-objects.ts'

/** How an undo is started. */
export interface StartUndoOptions {
  /** Nothing is changed: the result says what would be done. */
  dryRun?: boolean
}

/** An undo that goes on, whether or not anybody waits for it. */
export interface StartedUndo {
  workflowId: string
  /**
   * Waits for its end. Throws a `ClientError`: `NOT_UNDONE` where it is refused, and then nothing was changed, or where it could not go
   * on; with the exit code of a cancel where it was cancelled.
   */
  result(): Promise<UndoResult>
}

/**
 * Starts the undo of a restore that is over; one that runs already is found again. Throws `NOT_UNDONE` with one sentence where the
 * Restore cannot be undone, and `TEMPORAL_UNREACHABLE`: without Temporal there is no undo.
 */
export async function startUndo(
  connections: Connections,
  restore: Restore,
  { dryRun = false }: StartUndoOptions = {},
): Promise<StartedUndo> {
  const why = whyNotUndone(restore)
  if (why !== undefined) throw notUndone(`Restore "${restore.metadata.name}" ${why}`)
  const { client } = await requireTemporal(connections.temporal())
  const ref = refOf(connections, restore)
  const workflowId = undoWorkflowIdOf(ref, { dryRun })
  const input: UndoInput = { ...ref, ...(dryRun ? { dryRun } : {}) }
  const handle = await client.workflow.start<(input: UndoInput) => Promise<UndoResult>>(undoWorkflowType, {
    workflowId,
    taskQueue: taskQueueOf(ref.cluster, ref.namespace),
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `${dryRun ? 'look what an undo would do to' : 'undo'} restore ${ref.name} in Velero namespace ${ref.namespace}`,
    staticDetails: 'Stop it by the button **Cancel**, or by signal `cancel`. **Ask** by the query `undoProgress`.',
  })
  return { workflowId, result: () => resultOf(handle, restore) }
}

/**
 * Sends a signal to the undo of a restore. Undefined where none is under way. The Restore says that late: an undo that still looks
 * whether it can begin gets it too, where Temporal can be reached.
 */
export async function signalUndo(
  connections: Connections,
  restore: Restore,
  [name, ...args]: [name: string, ...args: string[]],
): Promise<'signal' | undefined> {
  const state = undoStateOf(restore)?.state
  if (!isOver(restore) || state === 'done') return undefined
  if (state !== 'begun' && !(await connections.temporal()).reachable) return undefined
  const { client } = await requireTemporal(connections.temporal())
  try {
    await client.workflow.getHandle(undoWorkflowIdOf(refOf(connections, restore))).signal(name, ...args)
    return 'signal'
  } catch (thrown) {
    if (isTemporalError(thrown, 'WorkflowNotFoundError')) return undefined
    throw thrown
  }
}

async function resultOf(
  handle: WorkflowHandle<(input: UndoInput) => Promise<UndoResult>>,
  { metadata: { name } }: Restore,
): Promise<UndoResult> {
  try {
    return await handle.result()
  } catch (thrown) {
    const cause = thrown instanceof Error ? (thrown.cause as { name?: string; type?: string; message?: string }) : {}
    if (cause?.type === undoRefusedType || cause?.type === undoFailedType) throw notUndone(cause.message ?? '', thrown)
    if (cause?.name === 'CancelledFailure')
      throw new ClientError(
        exitCodes.cancelled,
        `the undo of restore "${name}" was cancelled; started again, it goes on from there`,
        { cause: thrown },
      )
    throw thrown
  }
}

function notUndone(message: string, cause?: unknown): ClientError {
  return new ClientError(exitCodes.error, message, { code: 'NOT_UNDONE', ...(cause === undefined ? {} : { cause }) })
}
