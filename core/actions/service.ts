import { cloneManifest } from '../items/clone-manifest.ts'
import type { ItemAction } from './action.ts'
import { fieldsAt, textAt } from '../values/fields.ts'
import { dropAssignedHealthCheckPort, dropAssignedNodePorts } from './services.ts'

/**
 * A Service gets new cluster addresses, unless it is headless, and new node ports, unless somebody chose the old ones:
 * what the old cluster assigned may be taken in the new one. `preserveNodePorts` keeps all ports.
 */
export const service: ItemAction = {
  name: 'velero.io/service',
  appliesTo: ['services'],
  execute({ item, restore }) {
    const restored = cloneManifest(item)
    const spec = fieldsAt(restored, 'spec')
    if (spec === undefined) return { item }
    if (textAt(spec, 'clusterIP') !== 'None') {
      delete spec['clusterIP']
      delete spec['clusterIPs']
    }
    if (restore.spec.preserveNodePorts !== true) {
      dropAssignedNodePorts(restored, spec)
      dropAssignedHealthCheckPort(restored, spec)
    }
    return { item: restored }
  },
}
