import { deleteBackupWorkflowIdOf, deleteBackupWorkflowType } from '../contract/delete-backup.ts'
import type { DeletionRef } from '../contract/delete-backup.ts'
import { taskQueueOf } from '../contract/task-queue.ts'
import { isOutdated } from '../core/deletion/decide-deletion.ts'
import type { DeleteBackupRequest } from '../velero/delete-backup-request.ts'
import { veleroObject } from './ports.ts'
import type { ServerPorts } from './ports.ts'
import { workOnRequests } from './work-on-requests.ts'

/**
 * Starts the workflow `deleteBackup` for each DeleteBackupRequest that is not processed, and deletes requests that are a day old.
 * All are looked at again every 20 s: a request for a backup whose deletion runs waits for its end, and one whose workflow was
 * terminated gets another one.
 */
export async function deleteBackups(ports: ServerPorts): Promise<void> {
  const requests = {
    resource: 'deletebackuprequests',
    kind: 'DeleteBackupRequest',
    trouble: 'a DeleteBackupRequest could not be worked on yet',
    field: 'deleteBackupRequest',
  }
  await workOnRequests<DeleteBackupRequest>(ports, requests, (request) => startOrDelete(ports, request))
}

async function startOrDelete(ports: ServerPorts, request: DeleteBackupRequest): Promise<void> {
  const { name, uid = '' } = request.metadata
  if (isOutdated(request, ports.clock.now())) {
    await ports.cluster.remove(veleroObject(ports, 'deletebackuprequests', name), { uid })
    return
  }
  if (request.status?.phase === 'Processed' || request.metadata.deletionTimestamp !== undefined) return
  const { cluster, namespace, client } = ports
  const ref: DeletionRef = { namespace, name, uid, cluster: cluster.id }
  await client.workflow.start<(ref: DeletionRef) => Promise<void>>(deleteBackupWorkflowType, {
    workflowId: deleteBackupWorkflowIdOf(ref, request.spec.backupName),
    taskQueue: taskQueueOf(cluster.id, namespace),
    args: [ref],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `delete backup ${request.spec.backupName ?? ''} of Velero namespace ${namespace}`,
  })
}
