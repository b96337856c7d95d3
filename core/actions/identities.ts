import type { Manifest } from '../../velero/manifest.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import type { ItemAction } from './action.ts'
import { dropIfEmpty, fieldsAt, textAt } from '../values/fields.ts'

/**
 * A token Secret that the old cluster made for a ServiceAccount is left out: the new cluster makes its own. One that
 * somebody made by hand is restored without its token, and the new cluster fills that in.
 * Velero looks for the ServiceAccount in the namespace of the backup, mapped or not; so do we.
 */
export const secret: ItemAction = {
  name: 'velero.io/secret',
  appliesTo: ['secrets'],
  execute({ item, facts }) {
    if (textAt(item, 'type') !== 'kubernetes.io/service-account-token') return { item }
    const accounts = facts.serviceAccounts[item.metadata.namespace ?? ''] ?? []
    if (accounts.some((account) => item.metadata.name.startsWith(`${account}-token-`))) return { item, skip: true }
    return { item: withoutToken(cloneManifest(item)) }
  },
}

function withoutToken(item: Manifest): Manifest {
  delete fieldsAt(item, 'metadata', 'annotations')?.['kubernetes.io/service-account.uid']
  dropIfEmpty(item.metadata, 'annotations')
  const data = fieldsAt(item, 'data')
  delete data?.['token']
  delete data?.['ca.crt']
  dropIfEmpty(item, 'data')
  return item
}
