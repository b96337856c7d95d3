import { workflowIdOf } from '../../contract/restore-workflow.ts'
import type { FailureGroup } from '../../core/report/failure-groups.ts'
import { ApiError, isNotFound } from '../../core/port-errors.ts'
import { undoStateOf } from '../../core/undo/undo-state.ts'
import type { UndoState } from '../../core/undo/undo-state.ts'
import { remarksReason } from '../../velero/labels.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import { restoreItemOperationsKey, restoreResourceListKey, restoreResultsKey } from '../../velero/object-keys.ts'
import type { Restore, RestoreSpec, RestoreStatus } from '../../velero/restore.ts'
import { messagesOf } from '../../velero/results.ts'
import type { ResourceList, Result, Results } from '../../velero/results.ts'
import { webUiLink } from './connections.ts'
import type { Connections } from './connections.ts'
import type { ReadOptions } from './download-file.ts'
import { explainError, isTemporalError } from './errors.ts'
import { damagedFile, readResultFile } from './read-result-file.ts'
import { queryFailures, queryProgress, restoreState } from './restore-state.ts'
import type { RestoreState } from './restore-state.ts'
import { refOf } from './velero-objects.ts'

export type { FailureGroup } from '../../core/report/failure-groups.ts'

/** Causes that are told. */
const causesMax = 100

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
  /** The same by their cause, the most frequent one first, each with what to do. */
  causes?: { errors: readonly FailureGroup[]; warnings: readonly FailureGroup[] }
  /** Why warnings and errors cannot be shown. */
  resultsMissing?: string
  /** What the results of Velero do not say: the Event `Remarks`, while the cluster keeps it. */
  remarks?: string
  /** With `details`: what became of each item, by kind. */
  resourceList?: ResourceList
  /** With `details`: the asynchronous operations. */
  operations?: readonly RestoreOperation[]
  /** Why the details cannot be shown. */
  detailsMissing?: string
  /** How far the undo of the restore has come: `begun`, `stopped` or `done`, when, and what it came to. */
  undone?: UndoState
  workflow: { id: string; status: string; url?: string }
}

/** What to describe, and how the bucket is read. */
export interface DescribeOptions extends ReadOptions {
  env: Readonly<Record<string, string | undefined>>
  /** Read the resource list and the operations too. */
  details?: boolean | undefined
}

/** Reads the Restore, its workflow and its results file. What cannot be read is replaced by the reason. */
export async function describeRestore(
  connections: Connections,
  restore: Restore,
  options: DescribeOptions,
): Promise<Description> {
  const { metadata, spec, status = {} } = restore
  const ref = refOf(connections, restore)
  const [answer, troubles, results, details, remarks, workflow] = await Promise.all([
    queryProgress(connections, restore),
    queryFailures(connections, restore),
    readResults(connections, restore, options),
    options.details === true ? readDetails(connections, restore, options) : {},
    readRemarks(connections, restore),
    describeWorkflow(connections, workflowIdOf(ref), options.env),
  ])
  const undone = undoStateOf(restore)
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
    ...details,
    ...(remarks === undefined ? {} : { remarks }),
    ...(undone === undefined ? {} : { undone }),
    workflow,
  }
}

async function readResults(
  connections: Connections,
  restore: Restore,
  options: ReadOptions,
): Promise<Pick<Description, 'results' | 'causes' | 'resultsMissing'>> {
  const { status = {}, metadata } = restore
  if ((status.warnings ?? 0) + (status.errors ?? 0) === 0) return {}
  try {
    const text = await readResultFile(connections, restore, 'RestoreResults', options)
    if (text === undefined) return { resultsMissing: 'the result file is not there' }
    const results = parseResults(text, restoreResultsKey(metadata.name))
    // Loaded only where there are messages.
    const { groupFailures } = await import('../../core/report/failure-groups.ts')
    const group = (result: Result) => groupFailures(messagesOf(result)).slice(0, causesMax)
    return { results, causes: { errors: group(results.errors), warnings: group(results.warnings) } }
  } catch (thrown) {
    return { resultsMissing: explainError(thrown).line }
  }
}

async function readDetails(
  connections: Connections,
  restore: Restore,
  options: ReadOptions,
): Promise<Pick<Description, 'resourceList' | 'operations' | 'detailsMissing'>> {
  const { name } = restore.metadata
  try {
    const list = await readResultFile(connections, restore, 'RestoreResourceList', options)
    if (list === undefined) return { detailsMissing: 'the resource list is written when the items are restored' }
    const operations = await readResultFile(connections, restore, 'RestoreItemOperations', options)
    return {
      resourceList: parseFile(list, restoreResourceListKey(name)) as ResourceList,
      operations: parseFile(operations ?? '[]', restoreItemOperationsKey(name)) as readonly RestoreOperation[],
    }
  } catch (thrown) {
    return { detailsMissing: explainError(thrown).line }
  }
}

function parseFile(text: string, key: string): object {
  try {
    const value = JSON.parse(text) as unknown
    return typeof value === 'object' && value !== null ? value : []
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
}

/** The content of a results file. Throws a `ClientError` where it is damaged. */
export function parseResults(text: string, key: string): Results {
  try {
    const value = JSON.parse(text) as Results | null
    if (value !== null && typeof value === 'object' && 'warnings' in value && 'errors' in value) return value
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
  throw damagedFile(key, 'it holds no results')
}

/** The newest Event that tells what the results do not say; undefined where there is none, or Events may not be read. */
async function readRemarks(connections: Connections, { metadata }: Restore): Promise<string | undefined> {
  const namespace = metadata.namespace ?? connections.namespace
  const query = { fieldSelector: `reason=${remarksReason},regarding.uid=${metadata.uid ?? ''}` }
  const read = (version: string) => {
    const path = `/apis/events.k8s.io/${version}/namespaces/${namespace}/events`
    return connections.connection.send({ method: 'GET', path, query })
  }
  try {
    // Kubernetes before 1.19 serves Events as v1beta1 alone.
    const { items } = (await read('v1').catch((thrown: unknown) => {
      if (isNotFound(thrown)) return read('v1beta1')
      throw thrown
    })) as EventList
    return items?.toSorted((one, other) => (one.eventTime ?? '').localeCompare(other.eventTime ?? '')).at(-1)?.note
  } catch (thrown) {
    if (thrown instanceof ApiError) return undefined
    throw thrown
  }
}

interface EventList {
  items?: { note?: string; eventTime?: string }[] | null
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
    return { id, status: isTemporalError(thrown, 'WorkflowNotFoundError') ? 'not there' : explainError(thrown).line }
  }
}
