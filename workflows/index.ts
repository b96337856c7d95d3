import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow'
import { deleteBackup } from './deletion/delete-backup.ts'
import { deleteRestore } from './delete-restore.ts'
import { namespaceLocks } from './namespace-locks.ts'

export { deleteBackup, deleteRestore, namespaceLocks }
export { notify } from './notify/notify.ts'
export { restore } from './restore.ts'
export { drill } from './drill/drill.ts'
export { undoRestore } from './undo/undo-restore.ts'
export { requestRestore } from './request/request-restore.ts'

/**
 * Workflows that continue on the current version of a deployment where the worker's default is to stay on their own (Worker
 * Versioning, docs/upgrading.md). The locks are there as long as there are restores, and would keep the workers of their
 * version for good; a user waits for a deletion, also where the last worker of its version has stopped.
 */
setWorkflowOptions(followCurrentVersion, deleteBackup)
setWorkflowOptions(followCurrentVersion, deleteRestore)
setWorkflowOptions(followCurrentVersion, namespaceLocks)

/** Without Worker Versioning a behaviour must not be named: Temporal would refuse each task. */
function followCurrentVersion(): { versioningBehavior?: 'AUTO_UPGRADE' } {
  return workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'AUTO_UPGRADE' } : {}
}
