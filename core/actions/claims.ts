import { cloneManifest } from '../items/clone-manifest.ts'
import { ActionError } from './action.ts'
import type { ActionFacts, ItemAction } from './action.ts'
import { fieldsAt, objectsAt, valueAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { pluginConfig } from './plugin-config.ts'

const name = 'velero.io/change-storage-class'

/**
 * Renames storage classes by the action's ConfigMap, `<old>: <new>`, where the new cluster calls them otherwise. The new
 * class must exist, or the item fails here instead of staying Pending for ever.
 */
export const changeStorageClass: ItemAction = {
  name,
  appliesTo: ['persistentvolumeclaims', 'persistentvolumes', 'statefulsets.apps'],
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
