import type { RestoreOperation } from '../../velero/item-operation.ts'
import { asyncOperationIdLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { textAt, valueAt } from '../values/fields.ts'

/** What a look at an operation shows. */
export type Sighting =
  /** It could not be looked at; that may pass. */
  | { seen: 'nothing'; error: string }
  /** Nobody here can ever look at it. */
  | { seen: 'stranger'; error: string }
  /** Nobody has taken it up yet. */
  | { seen: 'untouched'; name: string }
  | ({ seen: 'progress'; name: string; end?: { error: string } } & Progress)

/** The figures of an operation in Velero's file. */
export interface Progress {
  description: string
  nCompleted: number
  nTotal: number
  started?: string
  updated?: string
}

/** The one built-in action that begins operations: DataDownloads. */
const dataMoverAction = 'velero.io/csi-pvc-restorer'

/**
 * Finds the DataDownload of an operation by its label and reads how far it is. Velero takes a failed download without a
 * message for a success; here it fails all the same.
 */
export function lookUpOperation({ spec }: RestoreOperation, downloads: readonly Manifest[]): Sighting {
  if (spec.restoreItemAction !== dataMoverAction) {
    return {
      seen: 'stranger',
      error: `plugin ${spec.restoreItemAction} is not hosted: nobody can follow its operation`,
    }
  }
  const found = downloads.filter((one) => one.metadata.labels?.[asyncOperationIdLabel] === spec.operationID)
  const [download] = found
  if (download === undefined) return { seen: 'nothing', error: "didn't find DataDownload" }
  if (found.length > 1) return { seen: 'nothing', error: 'find multiple DataDownloads' }
  const { name } = download.metadata
  const phase = textAt(download, 'status', 'phase')
  if (phase === '' || phase === 'New') return { seen: 'untouched', name }
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

/** An empty error is a success. What was called off is named: it happens to many at once, and none has a message of its own. */
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

function numberAt(download: Manifest, key: string): number {
  const value = valueAt(download, 'status', 'progress', key)
  return typeof value === 'number' ? value : 0
}

function optional<K extends string>(key: K, value: string): Partial<Record<K, string>> {
  return value === '' ? {} : ({ [key]: value } as Record<K, string>)
}
