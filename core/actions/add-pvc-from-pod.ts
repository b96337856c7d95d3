import type { ItemAction } from './action.ts'
import { fieldsAt, objectsAt, textAt } from '../values/fields.ts'

/** The claims that a pod mounts come before it, so that a pod selected alone finds its volumes. The pod stays as it is. */
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
