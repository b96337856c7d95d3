import { createNexusServiceClient, executeChild } from '@temporalio/workflow'
import { drydockService, requestRestoreType } from '../../../contract/restore-request.ts'
import type { RequestedOutcome, RestoreRequest } from '../../../contract/restore-request.ts'

/** Restores by Nexus, as a step of somebody else's workflow. */
export async function restoreByNexus(endpoint: string, request: RestoreRequest): Promise<RequestedOutcome> {
  const drydock = createNexusServiceClient({ endpoint, service: drydockService })
  return drydock.executeOperation('restore', request)
}

/** Restores by a child workflow on the task queue of Drydock's workers. */
export async function restoreAsChild(taskQueue: string, request: RestoreRequest): Promise<RequestedOutcome> {
  return executeChild<(asked: RestoreRequest) => Promise<RequestedOutcome>>(requestRestoreType, {
    taskQueue,
    args: [request],
  })
}
