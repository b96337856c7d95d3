import { workflowIdOf } from '../../contract/restore-workflow.ts'
import type { RestoreOutcome } from '../../contract/restore-workflow.ts'
import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import { openConnections, veleroNamespace } from './connections.ts'
import type { ConnectionOptions, Connections } from './connections.ts'
import { ClientError, exitCodes } from './errors.ts'
import { followRestore, outcomeOf } from './follow-restore.ts'
import type { RestoreState } from './restore-state.ts'
import { retryRestore } from './retry-restore.ts'
import { cancelRestore } from './signal-restore.ts'
import { composeManifest, submitRestore } from './start-restore.ts'
import { readRestores, refOf, requireRestore } from './velero-objects.ts'

export type { RestoreOutcome } from '../../contract/restore-workflow.ts'
export type { Restore, RestoreSpec } from '../../velero/restore.ts'
export type { ConnectionOptions } from './connections.ts'
export { ClientError } from './errors.ts'
export type { RestoreState } from './restore-state.ts'
export { isOver } from './velero-objects.ts'

/** What to restore, and where the servers are. */
export interface StartRestoreOptions extends ConnectionOptions {
  spec: RestoreSpec
  /** The name of the Restore; without it the name of the backup and the time. */
  name?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** Which restores to list, and where the servers are. */
export interface ListRestoresOptions extends ConnectionOptions {
  /** Only Restores with these labels, as in `kubectl -l`. */
  selector?: string
}

/** How to wait for the end of a restore. */
export interface ResultOptions {
  /** Receives each state, about twice a second. */
  onState?: (state: RestoreState) => void
  /** Ends the waiting, not the restore. */
  signal?: AbortSignal
}

/** A restore, to wait for or to cancel. It continues whether or not a program waits for it. */
export interface RestoreHandle {
  name: string
  uid: string
  /** The id of its workflow in Temporal. */
  workflowId: string
  /** The Restore as it was when this handle was made. */
  manifest: Restore
  /** Waits until the restore is over. A restore that failed or was cancelled is a result as well: nothing is thrown. */
  result(options?: ResultOptions): Promise<RestoreOutcome>
  /** Asks the restore to stop at the next item. Throws a `ClientError` where it is over. */
  cancel(reason: string): Promise<void>
  /**
   * Does again what failed of the restore, or was not reached when it was cancelled. The same token makes one run. Resolves
   * with the number of the run once it has begun. Throws a `ClientError` where the restore cannot be retried, for instance
   * since it is Completed or still runs, or where no worker has answered.
   */
  retry(token?: string): Promise<{ run: number }>
}

/**
 * Creates a Restore and starts its workflow, as `drydock start` does. Throws a `ClientError` where the request is refused.
 * While Temporal cannot be reached the Restore is created all the same, and a worker starts its workflow.
 */
export async function startRestore(options: StartRestoreOptions): Promise<RestoreHandle> {
  const { spec, name, labels, annotations } = options
  const parts = { spec, name, labels, annotations, namespace: veleroNamespace(options) }
  const manifest = composeManifest(parts, new Date())
  return withConnections(options, async (connections) => {
    const { restore } = await submitRestore(connections, manifest)
    return handleOf(options, connections, restore)
  })
}

/** The Restores of Velero's namespace, oldest first, those that are over included. */
export async function listRestores(options: ListRestoresOptions = {}): Promise<RestoreHandle[]> {
  return withConnections(options, async (connections) => {
    const restores = await readRestores(connections, options.selector)
    return restores.map((restore) => handleOf(options, connections, restore))
  })
}

function handleOf(options: ConnectionOptions, connections: Connections, restore: Restore): RestoreHandle {
  const ref = refOf(connections, restore)
  return {
    name: ref.name,
    uid: ref.uid,
    workflowId: workflowIdOf(ref),
    manifest: restore,
    result: (wanted = {}) => withConnections(options, (opened) => awaitOutcome(opened, restore, wanted)),
    cancel: (reason) =>
      withConnections(options, async (opened) => {
        await cancelRestore(opened, await requireSame(opened, ref), reason)
      }),
    retry: (token) =>
      withConnections(options, async (opened) => {
        const answer = await retryRestore(opened, await requireSame(opened, ref), { token })
        if (answer.do === 'begun') return { run: answer.run }
        const problem = `Restore "${ref.name}" is asked to be retried, but no worker has answered yet`
        throw new ClientError(exitCodes.error, problem)
      }),
  }
}

/** The Restore as it stands. */
async function requireSame(connections: Connections, { name, uid }: { name: string; uid: string }): Promise<Restore> {
  const current = await requireRestore(connections, name)
  if (current.metadata.uid === uid) return current
  throw new ClientError(exitCodes.notFound, `Restore "${name}" was deleted, and another one has its name`)
}

async function awaitOutcome(
  connections: Connections,
  restore: Restore,
  { onState = () => {}, signal }: ResultOptions,
): Promise<RestoreOutcome> {
  const ended = await followRestore(connections, restore, { onState, ...(signal === undefined ? {} : { signal }) })
  const { phase, items, warnings, errors, reason, validationErrors } = outcomeOf(restore, ended)
  const why = reason ?? validationErrors?.join('; ')
  return { phase, items, warnings, errors, ...(why === undefined ? {} : { reason: why }) }
}

async function withConnections<T>(
  options: ConnectionOptions,
  use: (connections: Connections) => Promise<T>,
): Promise<T> {
  const connections = await openConnections(options)
  try {
    return await use(connections)
  } finally {
    await connections.close()
  }
}
