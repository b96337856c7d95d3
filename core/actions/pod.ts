import type { Manifest } from '../../velero/manifest.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import type { ItemAction } from './action.ts'
import { dropIfEmpty, fieldsAt, listAt, objectsAt, textAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'

/**
 * A pod forgets the node and the priority that the old cluster gave it, and the token volume that the old cluster mounted:
 * scheduler and admission of the new cluster decide these anew. Its priority class comes first, or the pod is refused.
 */
export const pod: ItemAction = {
  name: 'velero.io/pod',
  appliesTo: ['pods'],
  execute({ item }) {
    const restored = cloneManifest(item)
    const spec = fieldsAt(restored, 'spec')
    if (spec === undefined) return { item }
    delete spec['nodeName']
    delete spec['priority']
    dropTokenVolumes(restored, spec)
    return { item: restored }
  },
  additionalItems({ itemFromBackup }) {
    const name = textAt(itemFromBackup, 'spec', 'priorityClassName')
    return { items: name === '' ? [] : [{ groupResource: 'priorityclasses.scheduling.k8s.io', name }] }
  },
}

/** An empty service account name gives the prefix `-token-`, as in Velero. Ephemeral containers are not looked at. */
function dropTokenVolumes(item: Manifest, spec: Fields): void {
  const prefix = `${textAt(spec, 'serviceAccountName')}-token-`
  dropNamed(spec, 'volumes', prefix)
  for (const container of [...objectsAt(item, 'spec', 'containers'), ...objectsAt(item, 'spec', 'initContainers')]) {
    dropNamed(container, 'volumeMounts', prefix)
  }
}

function dropNamed(parent: Fields, key: string, prefix: string): void {
  if (!Array.isArray(parent[key])) return
  parent[key] = listAt(parent, key).filter((entry) => !textAt(entry, 'name').startsWith(prefix))
  dropIfEmpty(parent, key)
}
