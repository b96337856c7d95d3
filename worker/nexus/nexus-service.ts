import { startWorkflow, WorkflowRunOperationHandler } from '@temporalio/nexus'
import * as nexus from 'nexus-rpc'
import { drydockService, requestRestoreType } from '../../contract/restore-request.ts'
import type { RequestedOutcome, RestoreRequest } from '../../contract/restore-request.ts'

/** The service that a worker offers to workflows of other namespaces: an operation is a run of the workflow `requestRestore`. */
export function nexusService(): nexus.ServiceHandler<(typeof drydockService)['operations']> {
  return nexus.serviceHandler(drydockService, {
    restore: new WorkflowRunOperationHandler<RestoreRequest, RequestedOutcome>((context, request) =>
      // A start that is sent again has the same id, and finds the run.
      startWorkflow(context, requestRestoreType, { workflowId: `request/${context.requestId}`, args: [request] }),
    ),
  })
}
