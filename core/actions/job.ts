import { cloneManifest } from '../items/clone-manifest.ts'
import type { ItemAction } from './action.ts'
import { dropIfEmpty, fieldsAt } from '../values/fields.ts'

/** The label that ties pods to their Job by its uid; Kubernetes before 1.27 had only the short one. */
const controllerUidLabels = ['batch.kubernetes.io/controller-uid', 'controller-uid']

/** A Job selects its pods by the uid it had in the old cluster; the new cluster gives it another and fills these in. */
export const job: ItemAction = {
  name: 'velero.io/job',
  appliesTo: ['jobs.batch'],
  execute({ item }) {
    const restored = cloneManifest(item)
    const selector = fieldsAt(restored, 'spec', 'selector')
    const template = fieldsAt(restored, 'spec', 'template', 'metadata')
    for (const label of controllerUidLabels) {
      delete fieldsAt(selector, 'matchLabels')?.[label]
      delete fieldsAt(template, 'labels')?.[label]
    }
    dropIfEmpty(selector, 'matchLabels')
    dropIfEmpty(template, 'labels')
    return { item: restored }
  },
}
