import { cloneManifest } from '../items/clone-manifest.ts'
import type { ItemAction } from './action.ts'
import { fieldsAt, objectsAt } from '../values/fields.ts'

/**
 * `apiextensions.k8s.io/v1` refuses `preserveUnknownFields: true`, which a definition made as v1beta1 may still carry;
 * the same is then said in the schema of each version. Other definitions stay as they are.
 */
export const crdPreserveFields: ItemAction = {
  name: 'velero.io/crd-preserve-fields',
  appliesTo: ['customresourcedefinitions.apiextensions.k8s.io'],
  execute({ item }) {
    const preserves = fieldsAt(item, 'spec')?.['preserveUnknownFields'] === true
    if (item.apiVersion !== 'apiextensions.k8s.io/v1' || !preserves) return { item }
    const restored = cloneManifest(item)
    delete fieldsAt(restored, 'spec')?.['preserveUnknownFields']
    for (const version of objectsAt(restored, 'spec', 'versions')) {
      const schema = fieldsAt(version, 'schema', 'openAPIV3Schema')
      if (schema !== undefined) schema['x-kubernetes-preserve-unknown-fields'] = true
    }
    return { item: restored }
  },
}
