// What a workflow of somebody else needs to restore as one of its steps. It runs in the sandbox of workflows.
import * as nexus from 'nexus-rpc'
import type { RestoreSpec } from '../velero/restore.ts'
import type { RestoreOutcome } from './restore-outcome.ts'

export type { RestorePhase } from '../velero/phases.ts'
export type { RestoreSpec } from '../velero/restore.ts'
export type { RestoreOutcome } from './restore-outcome.ts'

/** A restore that a workflow asks for, in the Velero namespace of the workers. */
export interface RestoreRequest {
  spec: RestoreSpec
  /** The name of the Restore; without it one is made of the backup and of who asks. */
  name?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
}

/** How a requested restore ended. One that failed is a result as well; the phase tells. */
export interface RequestedOutcome extends RestoreOutcome {
  name: string
  uid: string
}

/** The type of the workflow that creates a Restore and waits until it is over: a child workflow on the task queue of the workers. */
export const requestRestoreType = 'requestRestore'

/** The task queue of the workers of one cluster (the uid of its namespace `kube-system`) and one Velero namespace. */
export { taskQueueOf as drydockTaskQueue } from './task-queue.ts'

/**
 * The Nexus service of a worker. Its operation `restore` is started, awaited and cancelled as every operation is: to start it
 * creates the Restore, its result is how the restore ended, to cancel it cancels the restore.
 */
export const drydockService = nexus.service('drydock', {
  restore: nexus.operation<RestoreRequest, RequestedOutcome>(),
})
