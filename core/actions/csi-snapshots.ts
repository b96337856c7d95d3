import type { Manifest } from '../../velero/manifest.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import { ActionError } from './action.ts'
import type { ActionInput, ItemAction } from './action.ts'
import { fieldsAt, textAt, valueAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { secretItems } from './secret-items.ts'
import { snapshotName } from './snapshot-name.ts'

/**
 * Snapshot content is restored as one that exists already: it points to the snapshot in the storage system instead of the
 * volume it was taken of, keeps it when deleted, and takes the new cluster's first snapshot class of its driver.
 */
export const csiVolumeSnapshotContent: ItemAction = {
  name: 'velero.io/csi-volumesnapshotcontent-restorer',
  appliesTo: ['volumesnapshotcontents.snapshot.storage.k8s.io'],
  feature: 'EnableCSI',
  execute(input) {
    if (input.restore.spec.restorePVs === false) return { item: input.item, skip: true }
    return { item: asExisting(input) }
  },
  additionalItems({ itemFromBackup, restore }) {
    const restored = restore.spec.restorePVs !== false && hasHandle(itemFromBackup)
    return { items: restored ? secretItems(itemFromBackup, 'csi.storage.k8s.io/snapshotter-secret') : [] }
  },
}

function asExisting({ item, itemFromBackup, restore, facts }: ActionInput): Manifest {
  const name = snapshotName(restore.uid, textAt(itemFromBackup, 'spec', 'volumeSnapshotRef', 'name'))
  if (!hasHandle(itemFromBackup)) throw new ActionError(`fail to get snapshot handle from VSC ${name} status`)
  const restored = cloneManifest(item)
  restored.metadata.name = name
  const spec: Fields = { ...fieldsAt(restored, 'spec') }
  const source: Fields = {
    ...fieldsAt(spec, 'source'),
    snapshotHandle: valueAt(itemFromBackup, 'status', 'snapshotHandle'),
  }
  delete source['volumeHandle']
  spec['source'] = source
  spec['volumeSnapshotRef'] = mapReference(fieldsAt(spec, 'volumeSnapshotRef'), name, restore.spec.namespaceMapping)
  spec['deletionPolicy'] = 'Retain'
  delete spec['volumeSnapshotClassName']
  const sameDriver = facts.volumeSnapshotClasses.find((one) => textAt(one, 'driver') === textAt(spec, 'driver'))
  if (sameDriver !== undefined) spec['volumeSnapshotClassName'] = sameDriver.metadata.name
  return { ...restored, spec }
}

function mapReference(old: Fields | undefined, name: string, mapping: Record<string, string> = {}): Fields {
  const reference: Fields = { ...old, name }
  const namespace = textAt(reference, 'namespace')
  if (Object.hasOwn(mapping, namespace)) reference['namespace'] = mapping[namespace]
  delete reference['uid']
  delete reference['resourceVersion']
  return reference
}

function hasHandle(content: Manifest): boolean {
  return typeof valueAt(content, 'status', 'snapshotHandle') === 'string'
}
