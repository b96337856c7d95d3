import { WorkflowNotFoundError } from '@temporalio/client'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { restoreResultsKey } from '../../velero/object-keys.ts'
import type { Restore, RestoreSpec, RestoreStatus } from '../../velero/restore.ts'
import type { Results } from '../../velero/results.ts'
import { webUiLink } from './connections.ts'
import type { Connections } from './connections.ts'
import { explainError } from './errors.ts'
import { damagedFile, readResultFile } from './read-result-file.ts'
import { queryFailures, queryProgress, restoreState } from './restore-state.ts'
import type { RestoreState } from './restore-state.ts'
import { refOf } from './velero-objects.ts'

/** All that is known about a restore, as `describe --output json` prints it. */
export interface Description {
  name: string
  namespace: string
  uid: string
  /** RFC 3339. */
  created: string
  labels: Record<string, string>
  annotations: Record<string, string>
  spec: RestoreSpec
  status: RestoreStatus
  /** Where it stands; absent once it is over. */
  progress?: RestoreState
  /** The most recent failures; empty once it is over. */
  troubles: readonly string[]
  /** Warnings and errors, where there are any. */
  results?: Results
  /** Why warnings and errors cannot be shown. */
  resultsMissing?: string
  workflow: { id: string; status: string; url?: string }
}

/** Reads the Restore, its workflow and its results file. What cannot be read is replaced by the reason. */
export async function describeRestore(
  connections: Connections,
  restore: Restore,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Description> {
  const { metadata, spec, status = {} } = restore
  const ref = refOf(connections, restore)
  const [answer, troubles, results, workflow] = await Promise.all([
    queryProgress(connections, restore),
    queryFailures(connections, restore),
    readResults(connections, restore),
    describeWorkflow(connections, workflowIdOf(ref), env),
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
): Promise<Pick<Description, 'results' | 'resultsMissing'>> {
  const { status = {}, metadata } = restore
  if ((status.warnings ?? 0) + (status.errors ?? 0) === 0) return {}
  try {
    const text = await readResultFile(connections, restore, 'RestoreResults')
    if (text === undefined) return { resultsMissing: 'the result file is not there' }
    return { results: parseResults(text, restoreResultsKey(metadata.name)) }
  } catch (thrown) {
    return { resultsMissing: explainError(thrown).line }
  }
}

function parseResults(text: string, key: string): Results {
  try {
    const value = JSON.parse(text) as Results | null
    if (value !== null && typeof value === 'object' && 'warnings' in value && 'errors' in value) return value
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
  throw damagedFile(key, 'it holds no results')
}

async function describeWorkflow(
  connections: Connections,
  id: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Description['workflow']> {
  const temporal = await connections.temporal()
  if (!temporal.reachable) return { id, status: temporal.reason }
  const url = webUiLink(env, temporal, id)
  try {
    const { status } = await temporal.client.workflow.getHandle(id).describe()
    return { id, status: status.name, ...(url === undefined ? {} : { url }) }
  } catch (thrown) {
    return { id, status: thrown instanceof WorkflowNotFoundError ? 'not there' : explainError(thrown).line }
  }
}
