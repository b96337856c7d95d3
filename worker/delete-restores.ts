import type { Client } from '@temporalio/client'
import type { Log } from '../activities/ports.ts'
import { restoreFinalizer } from '../velero/labels.ts'
import type { Restore } from '../velero/restore.ts'
import { deleteWorkflowIdOf, deleteWorkflowType } from '../contract/restore-workflow.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'

/** Where deletions are run. */
export interface DeletionOptions {
  client: Client
  taskQueue: string
  log: Log
}

/** Whether a Restore waits for us to take its files away. */
export function awaitsDeletion({ metadata }: Restore): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(restoreFinalizer)
}

/** Starts the workflow that deletes what belongs to a Restore, or finds the one that runs. */
export async function startDeletion({ client, taskQueue, log }: DeletionOptions, ref: RestoreRef): Promise<void> {
  try {
    await client.workflow.start<(ref: RestoreRef) => Promise<void>>(deleteWorkflowType, {
      workflowId: deleteWorkflowIdOf(ref),
      taskQueue,
      args: [ref],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `delete restore ${ref.name} of Velero namespace ${ref.namespace}`,
    })
  } catch (thrown) {
    log.warn('the deletion of a restore could not be started, it is tried again', {
      restore: ref.name,
      error: String(thrown),
    })
  }
}
