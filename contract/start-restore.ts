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

/** Which restore to start, and where. */
export interface StartOptions {
  ref: RestoreRef
  taskQueue: string
  /** The backup's name, for people. */
  backup: string
  /** Whether the search attributes are registered. */
  tagged: boolean
}

/** Starts the workflow of a Restore, or finds the one that runs (rule 2). Watcher and client start the same one. */
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

/** What someone who has only the Web UI can do; shown beside what is known of the restore. */
const howTo = `**Cancel** by the button, or by signal \`cancel\` with a reason such as \`"wrong backup"\`: it stops at the next item, the Restore ends *Failed*.

**Pause** by signal \`pause\`, go on by signal \`resume\`.

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
