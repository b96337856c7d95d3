import { WorkflowNotFoundError } from '@temporalio/client'
import { restoreResultsKey } from '../../velero/object-keys.ts'
import type { Restore, RestoreSpec, RestoreStatus } from '../../velero/restore.ts'
import type { Results } from '../../velero/results.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import type { Connections } from './connections.ts'
import { explainError } from './errors.ts'
import { queryFailures, queryProgress } from './query-progress.ts'
import { damagedFile, readResultFile } from './read-result-file.ts'
import { restoreState } from './restore-state.ts'
import type { RestoreState } from './restore-state.ts'
import { refOf } from './start-restore.ts'
import { uiLink } from './ui-link.ts'

/** All there is to know about a restore. */
export interface Description {
  name: string
  namespace: string
  uid: string
  created: string
  labels: Record<string, string>
  annotations: Record<string, string>
  spec: RestoreSpec
  status: RestoreStatus
  /** Where it stands, while it is not over. */
  progress?: RestoreState
  /** The latest trouble, while it is not over. */
  troubles: readonly string[]
  results?: Results
  /** Why the messages cannot be shown. */
  resultsMissing?: string
  workflow: { id: string; status: string; url?: string }
}

/** Reads it from the Restore, its workflow and its result file; what cannot be had is said, and the rest is shown. */
export async function gatherDescription(
  connections: Connections,
  restore: Restore,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Description> {
  const { metadata, spec, status = {} } = restore
  const ref = refOf(connections, restore)
  const [answer, troubles, results, workflow] = await Promise.all([
    queryProgress(connections, ref, 'once'),
    queryFailures(connections, ref),
    readResults(connections, restore),
    workflowOf(connections, workflowIdOf(ref), env),
  ])
  const state = restoreState(metadata.name, restore, answer)
  return {
    name: metadata.name,
    namespace: ref.namespace,
    uid: ref.uid,
    created: metadata.creationTimestamp ?? '',
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    spec,
    status,
    ...(state.over ? {} : { progress: state }),
    troubles: state.over ? [] : troubles,
    ...results,
    workflow,
  }
}

async function readResults(
  connections: Connections,
  restore: Restore,
): Promise<{ results?: Results; resultsMissing?: string }> {
  const { status = {}, metadata } = restore
  if ((status.warnings ?? 0) + (status.errors ?? 0) === 0) return {}
  try {
    const key = restoreResultsKey(metadata.name)
    const text = await readResultFile(connections, restore, 'RestoreResults')
    return text === undefined ? { resultsMissing: 'the result file is not there' } : { results: parse(text, key) }
  } catch (thrown) {
    return { resultsMissing: explainError(thrown).line }
  }
}

function parse(text: string, key: string): Results {
  try {
    const value = JSON.parse(text) as Results | null
    if (value !== null && typeof value === 'object' && 'warnings' in value && 'errors' in value) return value
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
  throw damagedFile(key, 'it holds no results')
}

async function workflowOf(
  connections: Connections,
  id: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Description['workflow']> {
  const temporal = await connections.temporal()
  if (temporal.do === 'without') return { id, status: temporal.why }
  const url = uiLink(env, temporal, id)
  try {
    const { status } = await temporal.client.workflow.getHandle(id).describe()
    return { id, status: status.name, ...(url === undefined ? {} : { url }) }
  } catch (thrown) {
    return { id, status: thrown instanceof WorkflowNotFoundError ? 'not there' : explainError(thrown).line }
  }
}
