import { isAlreadyExists } from '../../core/port-errors.ts'
import type { Restore } from '../../velero/restore.ts'
import { taskQueueOf, workflowIdOf } from '../../contract/restore-workflow.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { checkRestore } from './check-restore.ts'
import { ClientError } from './client-error.ts'
import type { Connections } from './connections.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { explainError } from './errors.ts'
import { hasSearchAttributes } from '../../contract/search-attributes.ts'
import { startRestoreWorkflow } from '../../contract/start-restore.ts'

/** A Restore that was created, and whether its workflow was started with it. */
export interface Submitted {
  restore: Restore
  workflowId: string
  /** Why the workflow was not started; a worker's watcher starts it then. */
  notStarted?: string
}

/**
 * Checks and creates a Restore, then starts its workflow. The Restore is what counts: once it is there a worker takes
 * it up, so trouble with Temporal is told and is no failure.
 */
export async function submitRestore(connections: Connections, manifest: Restore): Promise<Submitted> {
  await checkRestore(connections, manifest)
  const restore = await create(connections, manifest)
  const workflowId = workflowIdOf(refOf(connections, restore))
  const notStarted = await start(connections, restore)
  return { restore, workflowId, ...(notStarted === undefined ? {} : { notStarted }) }
}

/** What names a Restore's workflow. */
export function refOf({ connection, namespace }: Connections, restore: Restore): RestoreRef {
  const { name, uid = '' } = restore.metadata
  return { namespace: restore.metadata.namespace ?? namespace, name, uid, cluster: connection.cluster.id }
}

/** The API server checks the fields strictly, as it does for kubectl: a misspelt one is an error, not lost. */
async function create({ connection, namespace }: Connections, manifest: Restore): Promise<Restore> {
  try {
    const created = await connection.send({
      method: 'POST',
      path: `/apis/velero.io/v1/namespaces/${encodeURIComponent(namespace)}/restores`,
      query: { fieldManager: 'drydock-client', fieldValidation: 'Strict' },
      body: manifest,
    })
    return created as Restore
  } catch (thrown) {
    if (!isAlreadyExists(thrown)) throw thrown
    const { name } = manifest.metadata
    throw new ClientError(
      exitCodes.error,
      `A restore ${JSON.stringify(name)} exists already in namespace ${namespace}`,
      {
        cause: thrown,
      },
    )
  }
}

async function start(connections: Connections, restore: Restore): Promise<string | undefined> {
  const temporal = await connections.temporal()
  if (temporal.do === 'without') return temporal.why
  const ref = refOf(connections, restore)
  try {
    await startRestoreWorkflow(temporal.client, {
      ref,
      taskQueue: taskQueueOf(ref.cluster, ref.namespace),
      backup: restore.spec.backupName ?? restore.spec.scheduleName ?? '',
      tagged: await hasSearchAttributes(temporal.client, temporal.namespace),
    })
    return undefined
  } catch (thrown) {
    return explainError(thrown).line
  }
}
