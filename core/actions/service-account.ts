import { cloneManifest } from '../items/clone-manifest.ts'
import type { ItemAction } from './action.ts'
import { dropIfEmpty, listAt, textAt } from '../values/fields.ts'

/**
 * Kubernetes before 1.24 gave each ServiceAccount a token Secret, which the new cluster would not recognise.
 * Velero drops only the last reference that looks like one and keeps earlier ones; so do we.
 */
export const serviceAccount: ItemAction = {
  name: 'velero.io/service-account',
  appliesTo: ['serviceaccounts'],
  execute({ item }) {
    const prefix = `${item.metadata.name}-token-`
    const last = listAt(item, 'secrets').findLastIndex((secret) => textAt(secret, 'name').startsWith(prefix))
    if (last < 0) return { item }
    const kept = cloneManifest(item)
    kept['secrets'] = listAt(kept, 'secrets').toSpliced(last, 1)
    dropIfEmpty(kept, 'secrets')
    return { item: kept }
  },
}
