import { dropIfEmpty, fieldsAt, textAt, objectsAt, valueAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import { ActionError } from './action.ts'
import type { ItemAction, ActionFacts } from './action.ts'
import { pluginConfig } from './plugin-config.ts'

/** Annotations about binding, provisioning and the backup, which are wrong in the new cluster. */
const staleAnnotations = [
  'pv.kubernetes.io/bind-completed',
  'pv.kubernetes.io/bound-by-controller',
  'volume.kubernetes.io/storage-provisioner',
  'volume.beta.kubernetes.io/storage-provisioner',
  'volume.kubernetes.io/selected-node',
  'velero.io/volume-snapshot-name',
  'velero.io/data-upload-name',
]

/**
 * Removes stale annotations from a claim. The volume it was bound to is restored before it. A claim whose volume stands
 * keeps the node of that volume, as in Velero's pull request 10331.
 */
export const pvc: ItemAction = {
  name: 'velero.io/pvc',
  appliesTo: ['persistentvolumeclaims'],
  convertsThroughStruct: () => true,
  execute({ item, facts: { inPlace } }) {
    const restored = cloneManifest(item)
    const annotations = fieldsAt(restored, 'metadata', 'annotations')
    for (const key of staleAnnotations) delete annotations?.[key]
    if (inPlace !== undefined && 'selectedNode' in inPlace && annotations !== undefined)
      annotations['volume.kubernetes.io/selected-node'] = inPlace.selectedNode
    dropIfEmpty(restored.metadata, 'annotations')
    return { item: restored }
  },
  additionalItems({ itemFromBackup }) {
    const name = textAt(itemFromBackup, 'spec', 'volumeName')
    const bound = textAt(itemFromBackup, 'status', 'phase') === 'Bound' && name !== ''
    return { items: bound ? [{ groupResource: 'persistentvolumes', name }] : [] }
  },
}

/** The claims of a pod are restored before it, also if only the pod is selected. The pod itself is not changed. */
export const addPvcFromPod: ItemAction = {
  name: 'velero.io/add-pvc-from-pod',
  appliesTo: ['pods'],
  execute: ({ item }) => ({ item }),
  additionalItems({ itemFromBackup }) {
    const namespace = itemFromBackup.metadata.namespace ?? ''
    const items = objectsAt(itemFromBackup, 'spec', 'volumes')
      .filter((volume) => fieldsAt(volume, 'persistentVolumeClaim') !== undefined)
      .map((volume) => ({
        groupResource: 'persistentvolumeclaims',
        namespace,
        name: textAt(volume, 'persistentVolumeClaim', 'claimName'),
      }))
    return { items }
  },
}

const name = 'velero.io/change-storage-class'

/**
 * Replaces names of storage classes by those in the action's ConfigMap, `<old>: <new>`. If the new class does not
 * exist, the item fails; otherwise its claim would stay Pending.
 */
export const changeStorageClass: ItemAction = {
  name,
  appliesTo: ['persistentvolumeclaims', 'persistentvolumes', 'statefulsets.apps'],
  convertsThroughStruct: (item, _spec, facts) =>
    item.kind === 'StatefulSet' &&
    objectsAt(item, 'spec', 'volumeClaimTemplates').length > 0 &&
    Object.keys(pluginConfig(facts, name)).length > 0,
  execute({ item, facts }) {
    const mapping = pluginConfig(facts, name)
    if (Object.keys(mapping).length === 0) return { item }
    const restored = cloneManifest(item)
    const specs =
      item.kind === 'StatefulSet'
        ? objectsAt(restored, 'spec', 'volumeClaimTemplates').map((template) => fieldsAt(template, 'spec'))
        : [fieldsAt(restored, 'spec')]
    for (const spec of specs) changeClass(spec, mapping, facts)
    return { item: restored }
  },
}

function changeClass(spec: Fields | undefined, mapping: Record<string, string>, facts: ActionFacts): void {
  const old = valueAt(spec, 'storageClassName')
  if (spec === undefined || typeof old !== 'string' || old === '' || !Object.hasOwn(mapping, old)) return
  const renamed = mapping[old] ?? ''
  if (!facts.storageClasses.includes(renamed)) {
    const reason = `storageclasses.storage.k8s.io "${renamed}" not found`
    throw new ActionError(`error getting storage class ${renamed} from API: ${reason}`)
  }
  spec['storageClassName'] = renamed
}
