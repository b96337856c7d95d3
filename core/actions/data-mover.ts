import {
  pvcNamespaceNameLabel,
  resourceUsageLabel,
  restoreUidLabel,
  asyncOperationIdLabel,
  restoreNameLabel,
} from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { RestoreSpec } from '../../velero/restore.ts'
import { inRun, validLabelValue, companionName } from '../values/derived-names.ts'
import type { CompanionIdentity } from '../values/derived-names.ts'
import { textAt, valueAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { stringifyJson, isJsonMap, parseJson } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ActionInput, ItemAction, Companion, RestoreView } from './action.ts'

/**
 * A DataUpload says where the data of a claim was stored. It is not restored. Its result is written into a ConfigMap,
 * from which the action on the claim makes a DataDownload. As in Velero, the phase of the DataUpload is not checked.
 */
export const dataUpload: ItemAction = {
  name: 'velero.io/dataupload',
  appliesTo: ['datauploads.velero.io'],
  execute: (input) => ({
    item: input.item,
    skip: true,
    companions: [
      {
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        manifest: resultConfigMap(input),
        ofDrydock: true,
        onError: 'fail to create DataUploadResult ConfigMap',
      },
    ],
  }),
}

function resultConfigMap({ itemFromBackup, restore, facts }: ActionInput): Manifest {
  const claim = `${textAt(itemFromBackup, 'spec', 'sourceNamespace')}.${textAt(itemFromBackup, 'spec', 'sourcePVC')}`
  const { namespace, name } = itemFromBackup.metadata
  const item = formatResourceId('datauploads.velero.io', namespace, name)
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: companionName(name, { restoreUid: restore.uid, item, purpose: 'data-upload-result' }),
      namespace: restore.namespace,
      labels: {
        [restoreUidLabel]: validLabelValue(restore.uid),
        [pvcNamespaceNameLabel]: validLabelValue(claim),
        [resourceUsageLabel]: 'DataUpload',
      },
    },
    data: { [restore.uid]: stringifyJson(resultOf(itemFromBackup, facts.backup.spec.storageLocation)) },
  }
}

/** Fields are in Velero's order and empty ones are absent: data movers of other vendors read this. */
function resultOf(upload: Manifest, storageLocation: string | undefined): Record<string, unknown> {
  const optional = (value: unknown) => (value === null || value === '' || value === 0 ? undefined : value)
  return {
    backupStorageLocation: storageLocation ?? '',
    datamover: optional(valueAt(upload, 'spec', 'datamover')),
    snapshotID: optional(valueAt(upload, 'status', 'snapshotID')),
    sourceNamespace: textAt(upload, 'spec', 'sourceNamespace'),
    dataMoverResult: optional(valueAt(upload, 'status', 'dataMoverResult')),
    nodeOS: optional(valueAt(upload, 'status', 'nodeOS')),
    snapshotSize: optional(valueAt(upload, 'status', 'progress', 'totalBytes')),
  }
}

/** The DataDownload by which a node agent, or the data mover of another vendor, fills one claim. */
export function dataDownload(input: ActionInput, result: Fields, target: DownloadTarget): Download {
  const { item, itemFromBackup, restore } = input
  const id = formatResourceId('persistentvolumeclaims', itemFromBackup.metadata.namespace, itemFromBackup.metadata.name)
  const identity = { restoreUid: restore.uid, item: id, purpose: inRun('data-download', restore.run) }
  const manifest = {
    apiVersion: 'velero.io/v2alpha1',
    kind: 'DataDownload',
    metadata: metadataOf(restore, companionName(restore.name, identity), target.operationId),
    spec: {
      targetVolume: { pvc: item.metadata.name, pv: target.volume ?? '', namespace: target.namespace },
      backupStorageLocation: textAt(result, 'backupStorageLocation'),
      ...optional('datamover', valueAt(result, 'datamover')),
      snapshotID: textAt(result, 'snapshotID'),
      sourceNamespace: textAt(result, 'sourceNamespace'),
      ...optional('dataMoverConfig', moverConfig(restore.spec.uploaderConfig)),
      operationTimeout: input.facts.backup.spec.csiSnapshotTimeout ?? '0s',
      ...optional('nodeOS', valueAt(result, 'nodeOS')),
      ...optional('snapshotSize', valueAt(result, 'snapshotSize')),
      ...restoreTypeOf(restore),
    },
  }
  const resource = { group: 'velero.io', version: 'v2alpha1', resource: 'datadownloads' }
  return { identity, companion: { resource, manifest, ofDrydock: true, onError: 'fail to create DataDownload' } }
}

/** The target namespace of the claim, and the id of the asynchronous operation. */
export interface DownloadTarget {
  namespace: string
  operationId: string
  /** The volume that stands, and is filled in place. */
  volume?: string
}

/** The DataDownload, and the identity from which its name was made. */
interface Download {
  companion: Companion
  identity: CompanionIdentity
}

/** The result of the DataUpload of this claim. Throws `ActionError` unless exactly one exists. */
export function readDataUploadResult({ itemFromBackup, restore, facts }: ActionInput): Fields {
  const { namespace = '', name } = itemFromBackup.metadata
  const labels = {
    [pvcNamespaceNameLabel]: validLabelValue(`${namespace}.${name}`),
    [restoreUidLabel]: validLabelValue(restore.uid),
    [resourceUsageLabel]: 'DataUpload',
  }
  const found = facts.dataUploadResults.filter((configMap) => hasLabels(configMap, labels))
  const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  const [first] = found
  if (first === undefined) throw noResult(restore, `no DataUpload result cm found with labels ${selector.join(',')}`)
  if (found.length > 1)
    throw noResult(restore, `multiple DataUpload result cms found with labels ${selector.join(',')}`)
  const text = valueAt(first, 'data', restore.uid)
  if (typeof text !== 'string') {
    throw noResult(restore, `no DataUpload result found with restore key ${restore.uid}, restore ${restore.name}`)
  }
  const result = parsed(text)
  if (isJsonMap(result)) return result
  throw noResult(
    restore,
    `error to unmarshal DataUploadResult, restore UID ${restore.uid}, restore name ${restore.name}`,
  )
}

function noResult(restore: RestoreView, reason: string): ActionError {
  return new ActionError(`fail get DataUploadResult for restore: ${restore.name}: ${reason}`)
}

function parsed(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function hasLabels(configMap: Manifest, labels: Record<string, string>): boolean {
  return Object.entries(labels).every(([key, value]) => valueAt(configMap, 'metadata', 'labels', key) === value)
}

function metadataOf(restore: RestoreView, name: string, operationId: string): Manifest['metadata'] {
  const owner = { apiVersion: 'velero.io/v1', kind: 'Restore', name: restore.name, uid: restore.uid, controller: true }
  return {
    name,
    namespace: restore.namespace,
    ownerReferences: [owner],
    labels: {
      [restoreNameLabel]: validLabelValue(restore.name),
      [restoreUidLabel]: restore.uid,
      [asyncOperationIdLabel]: operationId,
    },
  }
}

/** The uploader settings of a restore in the form that node agents read. */
export function moverConfig(config: RestoreSpec['uploaderConfig']): Record<string, string> | undefined {
  if (config === undefined || config === null) return undefined
  const parallel = config.parallelFilesDownload ?? 0
  return {
    WriteSparseFiles: String(config.writeSparseFiles === true),
    ...(parallel > 0 ? { ParallelFilesDownload: String(parallel) } : {}),
    ...(typeof config.deleteExtraFiles === 'boolean' ? { DeleteExtraFiles: String(config.deleteExtraFiles) } : {}),
  }
}

/**
 * How an order fills a volume that holds data already; empty for a volume that is new. After v1.18 the field has to be
 * there.
 */
export function restoreTypeOf({ api, spec }: RestoreView): { restoreType?: string } {
  if (api !== 'next') return {}
  return { restoreType: isInPlace(spec) ? (spec.existingVolumeDataPolicy ?? '') : '' }
}

/** Whether data is to be written into volumes that exist. */
export function isInPlace({ existingVolumeDataPolicy: policy }: RestoreSpec): boolean {
  return policy === 'full' || policy === 'incremental'
}

function optional(key: string, value: unknown): Fields {
  return value === undefined || value === null || value === '' || value === 0 ? {} : { [key]: value }
}
