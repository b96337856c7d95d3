import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import type { RestoreOutcome } from '../../contract/restore-workflow.ts'
import { restoreOf } from './compose-restore.ts'
import { openConnections, veleroNamespace } from './connections.ts'
import type { ConnectionOptions, Connections } from './connections.ts'
import { countOutcome } from './count-outcome.ts'
import { followRestore } from './follow-restore.ts'
import type { RestoreState } from './restore-state.ts'
import { submitRestore } from './start-restore.ts'

export type { Restore, RestoreSpec } from '../../velero/restore.ts'
export type { RestoreOutcome } from '../../contract/restore-workflow.ts'
export type { RestoreState } from './restore-state.ts'
export { ClientError } from './client-error.ts'

/** What to restore, and where the servers are. Whatever is absent is found as the command line finds it. */
export interface StartRestoreOptions extends ConnectionOptions {
  spec: RestoreSpec
  /** Name of the Restore; without it the backup's name and the time. */
  name?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** A restore that was started. It goes on whether or not anybody waits for it. */
export interface StartedRestore {
  name: string
  uid: string
  workflowId: string
  /** Waits until it is over. A restore that failed or was cancelled is a result, too: it is not thrown. */
  result(options?: ResultOptions): Promise<RestoreOutcome>
}

/** How to wait. */
export interface ResultOptions {
  /** Called with each state. */
  onState?: (state: RestoreState) => void
  /** Ends the waiting, not the restore. */
  signal?: AbortSignal
}

/**
 * Creates a Restore and starts its workflow, as `drydock start` does. Throws `ClientError` where it cannot work; where
 * Temporal is away the Restore is created all the same, and a worker that watches the cluster takes it.
 */
export async function startRestore(options: StartRestoreOptions): Promise<StartedRestore> {
  const manifest = restoreOf(options.spec, { ...options, namespace: veleroNamespace(options), now: new Date() })
  const { restore, workflowId } = await connected(options, (connections) => submitRestore(connections, manifest))
  const { name, uid = '' } = restore.metadata
  return {
    name,
    uid,
    workflowId,
    result: (wanted = {}) => connected(options, (connections) => awaitOutcome(connections, restore, wanted)),
  }
}

async function awaitOutcome(
  connections: Connections,
  restore: Restore,
  { onState = () => {}, signal }: ResultOptions,
): Promise<RestoreOutcome> {
  const ended = await followRestore(connections, restore, { onState, ...(signal === undefined ? {} : { signal }) })
  const { phase, items, warnings, errors, reason, validationErrors } = countOutcome(restore, ended)
  const why = reason ?? validationErrors?.join('; ')
  return { phase, items, warnings, errors, ...(why === undefined ? {} : { reason: why }) }
}

async function connected<T>(options: ConnectionOptions, use: (connections: Connections) => Promise<T>): Promise<T> {
  const connections = await openConnections(options)
  try {
    return await use(connections)
  } finally {
    await connections.close()
  }
}
