import { cloneManifest } from '../items/clone-manifest.ts'
import type { ItemAction } from './action.ts'
import { dropIfEmpty, fieldsAt, textAt } from '../values/fields.ts'

/** What the old cluster noted on a claim about binding, provisioning and its backup; the new cluster must find out itself. */
const staleAnnotations = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  'velero.io/volume-snapshot-name',
  'velero.io/data-upload-name',
]

/** A claim loses the old cluster's notes; the volume it was bound to comes first. */
export const pvc: ItemAction = {
  name: 'velero.io/pvc',
  appliesTo: ['persistentvolumeclaims'],
  execute({ item }) {
    const restored = cloneManifest(item)
    const annotations = fieldsAt(restored, 'metadata', 'annotations')
    for (const key of staleAnnotations) delete annotations?.[key]
    dropIfEmpty(restored.metadata, 'annotations')
    return { item: restored }
  },
  additionalItems({ itemFromBackup }) {
    const name = textAt(itemFromBackup, 'spec', 'volumeName')
    const bound = textAt(itemFromBackup, 'status', 'phase') === 'Bound' && name !== ''
    return { items: bound ? [{ groupResource: 'persistentvolumes', name }] : [] }
  },
}
