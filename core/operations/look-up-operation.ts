import type { RestoreOperation } from '../../velero/item-operation.ts'
import { asyncOperationIdLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { PluginProgress } from '../actions/plugin-action.ts'
import { textAt, valueAt } from '../values/fields.ts'

/** Whether an operation is a DataDownload of the built-in action; all others are those of plugins. */
export function isDataMover({ spec }: RestoreOperation): boolean {
  return spec.restoreItemAction === dataMoverAction
}

/** What the answer of a plugin says of its operation. */
export function observeAnswer({ completed, error, units, ...progress }: PluginProgress): OperationObservation {
  const { description, nCompleted, nTotal, started, updated } = progress
  return {
    seen: 'progress',
    name: '',
    description,
    units,
    nCompleted,
    nTotal,
    ...(started === undefined ? {} : { started }),
    ...(updated === undefined ? {} : { updated }),
    ...(completed ? { end: { error } } : {}),
  }
}

/** The observed state of an operation. */
export type OperationObservation =
  /** It could not be read; a later attempt may succeed. */
  | { seen: 'unavailable'; error: string }
  /** It belongs to a plugin that Drydock does not run. */
  | { seen: 'unsupported'; error: string }
  /** No data mover has accepted it yet. */
  | { seen: 'not started'; name: string }
  | ({ seen: 'progress'; name: string; end?: { error: string } } & Progress)

/** The progress of an operation, in bytes and RFC 3339 times. */
export interface Progress {
  description: string
  /** What is counted; absent for bytes. */
  units?: string
  nCompleted: number
  nTotal: number
  started?: string
  updated?: string
}

/** The only built-in action with asynchronous operations: they are DataDownloads. */
const dataMoverAction = 'velero.io/csi-pvc-restorer'

/**
 * Finds the DataDownload of an operation by its label and reads its progress. A DataDownload that failed without a
 * message is a success in Velero; here it has failed.
 */
export function lookUpOperation({ spec }: RestoreOperation, downloads: readonly Manifest[]): OperationObservation {
  if (spec.restoreItemAction !== dataMoverAction) {
    return {
      seen: 'unsupported',
      error: `the operation of plugin ${spec.restoreItemAction} cannot be followed: Drydock does not run this plugin`,
    }
  }
  const found = downloads.filter((one) => one.metadata.labels?.[asyncOperationIdLabel] === spec.operationID)
  const [download] = found
  if (download === undefined) return { seen: 'unavailable', error: "didn't find DataDownload" }
  if (found.length > 1) return { seen: 'unavailable', error: 'find multiple DataDownloads' }
  const { name } = download.metadata
  const phase = textAt(download, 'status', 'phase')
  if (phase === '' || phase === 'New') return { seen: 'not started', name }
  const { Namespace, Name } = spec.resourceIdentifier
  const end = endOf(phase, textAt(download, 'status', 'message'), `DataDownload ${name} of claim ${Namespace}/${Name}`)
  return {
    seen: 'progress',
    name,
    description: phase,
    nCompleted: numberAt(download, 'bytesDone'),
    nTotal: numberAt(download, 'totalBytes'),
    ...optional('started', textAt(download, 'status', 'startTimestamp')),
    ...optional('updated', textAt(download, 'status', 'completionTimestamp')),
    ...(end === undefined ? {} : { end }),
  }
}

/** How a download ended; an empty error means success. A cancelled one is named, because many have the same message. */
function endOf(phase: string, message: string, what: string): { error: string } | undefined {
  switch (phase) {
    case 'Completed':
      return { error: '' }
    case 'Canceled':
      return { error: `${what} is canceled${message === '' ? '' : `: ${message}`}` }
    case 'Failed':
      return { error: message === '' ? 'DataDownload failed without a message' : message }
    default:
      return undefined
  }
}

/** What the cluster says of the DataDownload of an operation that has not ended: its phase and message, and whether anybody can take it. */
export function saidOf(
  { spec }: RestoreOperation,
  downloads: readonly Manifest[],
  hasNodeAgent: boolean,
): string | undefined {
  const found = downloads.find((one) => one.metadata.labels?.[asyncOperationIdLabel] === spec.operationID)
  if (found === undefined) return 'its DataDownload is not found'
  const phase = textAt(found, 'status', 'phase') || 'New'
  const message = textAt(found, 'status', 'message')
  if (message !== '') return `DataDownload ${found.metadata.name} is ${phase}: ${message}`
  if (phase !== 'New' && phase !== 'Accepted' && phase !== 'Prepared') return undefined
  const nobody = hasNodeAgent ? 'no node agent has taken it yet' : 'there is no DaemonSet node-agent'
  return `DataDownload ${found.metadata.name} is ${phase}${phase === 'New' || !hasNodeAgent ? `: ${nobody}` : ''}`
}

function numberAt(download: Manifest, key: string): number {
  const value = valueAt(download, 'status', 'progress', key)
  return typeof value === 'number' ? value : 0
}

function optional<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  return value === '' ? {} : ({ [key]: value } as Record<K, string>)
}
