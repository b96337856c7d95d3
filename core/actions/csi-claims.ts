import { dynamicPvRestoreLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'
import { validLabelValue, companionHash, snapshotName } from '../values/derived-names.ts'
import { annotationOf, fieldsAt, valueAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { compareQuantities, isQuantity } from '../values/quantity.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ActionInput, ActionResult, AdditionalItemsInput, ItemAction } from './action.ts'
import { dataDownload, readDataUploadResult } from './data-mover.ts'

/**
 * Restores the data of a claim from where the backup stored it. The first row that applies decides:
 *
 * | claim, restore and backup | what happens |
 * |---|---|
 * | data was moved, the claim exists and `existingVolumeDataPolicy` is set | a DataDownload fills its volume; see `core/volumes/in-place.ts` |
 * | the claim existed before the restore | it is not changed |
 * | `restorePVs: false` | it is restored without volume and data source, so it is empty |
 * | data was moved, and the claim has a DataUpload | a DataDownload fills it, an asynchronous operation |
 * | data was moved, but not of this claim | it is not changed |
 * | the claim has a snapshot | the snapshot is its data source and is restored before it, also if filters exclude it |
 * | none of these | it is not changed |
 */
export const csiPvc: ItemAction = {
  name: 'velero.io/csi-pvc-restorer',
  appliesTo: ['persistentvolumeclaims'],
  feature: 'EnableCSI',
  execute(input) {
    const source = dataSource(input)
    switch (source.from) {
      case 'itself':
        return { item: input.item }
      case 'nothing':
        return { item: withSpec(input.item, (spec) => forgetSources(spec)) }
      case 'data mover':
        return fromDataMover(input)
      case 'snapshot':
        return { item: withSpec(input.item, (spec) => takeSnapshot(spec, input.restore.uid, source.snapshot)) }
    }
  },
  additionalItems(input) {
    const source = dataSource(input)
    if (source.from !== 'snapshot') return { items: [] }
    const namespace = input.itemFromBackup.metadata.namespace ?? ''
    const groupResource = 'volumesnapshots.snapshot.storage.k8s.io'
    return { items: [{ groupResource, namespace, name: source.snapshot }], mustInclude: true }
  },
}

type DataSource = { from: 'itself' | 'nothing' | 'data mover' } | { from: 'snapshot'; snapshot: string }

/** Decides by the annotations in the backup: the action `velero.io/pvc` has removed them from the item. */
function dataSource({ itemFromBackup, restore, facts }: AdditionalItemsInput): DataSource {
  const target = targetNamespace(restore.spec.namespaceMapping, itemFromBackup.metadata.namespace ?? '')
  const isMoved =
    facts.backup.spec.snapshotMoveData === true &&
    annotationOf(itemFromBackup, 'velero.io/data-upload-name') !== undefined
  if (facts.inPlace !== undefined) return { from: 'data mover' }
  if (facts.existingClaims.includes(`${target}/${itemFromBackup.metadata.name}`)) return { from: 'itself' }
  if (restore.spec.restorePVs === false) return { from: 'nothing' }
  if (facts.backup.spec.snapshotMoveData === true) return { from: isMoved ? 'data mover' : 'itself' }
  const snapshot = annotationOf(itemFromBackup, 'velero.io/volume-snapshot-name')
  return snapshot === undefined ? { from: 'itself' } : { from: 'snapshot', snapshot }
}

/** The claim selects a label that no volume has, so it stays unbound until the DataDownload is complete. */
function fromDataMover(input: ActionInput): ActionResult {
  const { item, itemFromBackup, restore } = input
  const result = readDataUploadResult(input)
  const volume = volumeInPlace(input, valueAt(result, 'snapshotSize'))
  const namespace = targetNamespace(restore.spec.namespaceMapping, itemFromBackup.metadata.namespace ?? '')
  const run = restore.run === undefined ? '' : `.${restore.run}`
  const operationId = validLabelValue(`dd-${restore.uid}.${itemFromBackup.metadata.uid ?? ''}${run}`)
  const { companion, identity } = dataDownload(input, result, { namespace, operationId, ...volume })
  const suffix = companionHash({ ...identity, purpose: 'dynamic-pv-restore' }).slice(0, 8)
  const label = validLabelValue(`${namespace}.${item.metadata.name}.${suffix}`)
  return { item: withSpec(item, (spec) => waitForLabel(spec, label)), operationId, companions: [companion] }
}

/** The volume that stands, if there is one to write into. Throws `ActionError` where that cannot be. */
function volumeInPlace({ facts: { inPlace } }: ActionInput, bytes: unknown): { volume?: string } {
  if (inPlace === undefined) return {}
  if ('problem' in inPlace) throw new ActionError(inPlace.problem)
  const { volume, capacity } = inPlace
  if (isQuantity(capacity) && isQuantity(String(bytes)) && compareQuantities(capacity, String(bytes)) < 0) {
    const size = `has ${capacity}, and the data of the backup has ${String(bytes)} bytes.`
    throw new ActionError(`ExistingVolumeDataPolicy is in-place restore, but the existing PV ${volume} ${size}`)
  }
  return { volume }
}

function waitForLabel(spec: Fields, label: string): void {
  delete spec['volumeName']
  const selector = fieldsAt(spec, 'selector')
  const matchLabels = { ...fieldsAt(selector, 'matchLabels'), [dynamicPvRestoreLabel]: label }
  spec['selector'] = { ...selector, matchLabels }
}

function takeSnapshot(spec: Fields, restoreUid: string, snapshot: string): void {
  forgetSources(spec)
  const name = snapshotName(restoreUid, snapshot)
  spec['dataSource'] = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name }
}

function forgetSources(spec: Fields): void {
  delete spec['volumeName']
  delete spec['dataSource']
  delete spec['dataSourceRef']
}

function withSpec(item: Manifest, change: (spec: Fields) => void): Manifest {
  const spec = { ...cloneManifest(fieldsAt(item, 'spec')) }
  change(spec)
  return { ...item, spec }
}
