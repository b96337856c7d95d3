import type { Manifest } from '../../velero/manifest.ts'
import { pvcNamespaceNameLabel, resourceUsageLabel, restoreUidLabel } from '../../velero/labels.ts'
import { formatResourceId } from '../../velero/resource.ts'
import { validLabelValue } from '../items/valid-label-value.ts'
import { stringifyJson } from '../values/manifest-json.ts'
import type { ActionInput, ItemAction } from './action.ts'
import { companionName } from '../values/derived-names.ts'
import { textAt, valueAt } from '../values/fields.ts'

/**
 * A DataUpload tells where the backup's data of a claim went. It is not restored; what it knows is put into a ConfigMap,
 * from which the restore of the claim makes a DataDownload. As in Velero, nobody asks whether the upload succeeded.
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

/** The order and the absence of empty fields are Velero's: data movers of others read this. */
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
