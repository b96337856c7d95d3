import type { Client, WorkflowHandle } from '@temporalio/client'
import type { SearchAttributePair } from '@temporalio/common'
import { restoreWorkflowType, workflowIdOf } from './restore-workflow.ts'
import type { RestoreInput, RestoreOutcome, RestoreRef } from './restore-workflow.ts'
import {
  backupAttribute,
  namespaceAttribute,
  outcomeAttribute,
  phaseAttribute,
  restoreAttribute,
} from './search-attributes.ts'

/** Which workflow to start, and where. */
export interface StartOptions {
  ref: RestoreRef
  taskQueue: string
  /** The name of the Backup or Schedule, to show in the Web UI. */
  backup: string
  /** Whether the search attributes are registered. */
  tagged: boolean
}

/**
 * Starts the workflow of a Restore. Where one runs already, Temporal returns that one (rule 2), so a client and any number
 * of workers may start the same Restore. Throws Temporal's error.
 */
export function startRestoreWorkflow(
  client: Client,
  options: StartOptions,
): Promise<WorkflowHandle<(input: RestoreInput) => Promise<RestoreOutcome>>> {
  const { ref, taskQueue, backup, tagged } = options
  const input: RestoreInput = { ...ref, ...(tagged ? { tagged } : {}) }
  return client.workflow.start<(input: RestoreInput) => Promise<RestoreOutcome>>(restoreWorkflowType, {
    workflowId: workflowIdOf(ref),
    taskQueue,
    args: [input],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticDetails: howTo,
    staticSummary: `restore ${ref.name} of backup ${backup} into Velero namespace ${ref.namespace}`,
    ...(tagged ? { typedSearchAttributes: attributesOf(ref, backup) } : {}),
  })
}

/** Shown in the Web UI: what can be done there. */
const howTo = `**Cancel** by the button, or by signal \`cancel\` with a reason such as \`"wrong backup"\`: the restore stops at the next item and ends *Failed*.

**Pause** by signal \`pause\`, continue by signal \`resume\`.

**Ask** by the queries \`progress\`, \`plan\` and \`failures\`.`

function attributesOf(ref: RestoreRef, backup: string): SearchAttributePair[] {
  return [
    { key: restoreAttribute, value: ref.name },
    { key: backupAttribute, value: backup },
    { key: namespaceAttribute, value: ref.namespace },
    { key: phaseAttribute, value: 'New' },
    { key: outcomeAttribute, value: 'running' },
  ]
}
