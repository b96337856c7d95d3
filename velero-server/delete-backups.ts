import { deleteBackupWorkflowIdOf, deleteBackupWorkflowType } from '../contract/delete-backup.ts'
import type { DeletionRef } from '../contract/delete-backup.ts'
import { taskQueueOf } from '../contract/task-queue.ts'
import { isOutdated } from '../core/deletion/decide-deletion.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import type { DeleteBackupRequest } from '../velero/delete-backup-request.ts'
import { workAlone } from './alone.ts'
import { repeat, veleroObject, veleroResource } from './ports.ts'
import type { ServerPorts } from './ports.ts'

const sweepMs = 20_000

/**
 * Starts the workflow `deleteBackup` for each DeleteBackupRequest that is not processed, and deletes requests that are a day old.
 * All are looked at again every 20 s: a request for a backup whose deletion runs waits for its end, and one whose workflow was
 * terminated gets another one.
 */
export async function deleteBackups(ports: ServerPorts): Promise<void> {
  const open = new Map<string, DeleteBackupRequest>()
  const alone = workAlone(ports.log, 'a DeleteBackupRequest could not be worked on yet', 'deleteBackupRequest')
  const tryOnce = async (request: DeleteBackupRequest): Promise<void> => {
    if (!ports.signal.aborted) await alone.on(request.metadata.name, () => startOrDelete(ports, request))
  }
  const watching = watchResource({
    connection: ports.connection,
    resource: veleroResource('deletebackuprequests'),
    namespace: ports.namespace,
    onChange: (manifest) => {
      const request = manifest as unknown as DeleteBackupRequest
      open.set(request.metadata.uid ?? '', request)
      void tryOnce(request)
    },
    onGone: ({ metadata: { name, uid = '' } }) => {
      open.delete(uid)
      alone.forget(name)
    },
    onSynced: () => undefined,
    signal: ports.signal,
    log: ports.log,
  })
  const sweeping = repeat({ ...ports, what: 'sweep DeleteBackupRequests', everyMs: sweepMs }, async () => {
    for (const request of open.values()) await tryOnce(request)
  })
  await Promise.all([watching, sweeping])
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
