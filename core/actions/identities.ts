import type { Manifest } from '../../velero/manifest.ts'
import { dropIfEmpty, listAt, textAt, fieldsAt, objectsAt } from '../values/fields.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import type { ItemAction } from './action.ts'

/**
 * Removes the reference to the token Secret that Kubernetes before 1.24 created for a ServiceAccount: it is not valid
 * in the new cluster. Of several such references Velero removes only the last one, and so do we.
 */
export const serviceAccount: ItemAction = {
  name: 'velero.io/service-account',
  appliesTo: ['serviceaccounts'],
  convertsThroughStruct: () => true,
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

/**
 * A token Secret that the old cluster created for a ServiceAccount is skipped: the new cluster creates its own. A token
 * Secret of another name is restored without its token, which the new cluster adds.
 * Velero looks up the ServiceAccount in the namespace of the backup, also under a namespace mapping; so do we.
 */
export const secret: ItemAction = {
  name: 'velero.io/secret',
  appliesTo: ['secrets'],
  convertsThroughStruct: (item) => item['type'] === 'kubernetes.io/service-account-token',
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

/** Maps the namespaces of a RoleBinding's subjects. */
export const roleBinding: ItemAction = {
  name: 'velero.io/role-bindings',
  appliesTo: ['rolebindings.rbac.authorization.k8s.io'],
  convertsThroughStruct: (_item, { namespaceMapping = {} }) => Object.keys(namespaceMapping).length > 0,
  execute: ({ item, restore }) => ({ item: mapSubjects(item, restore.spec.namespaceMapping) }),
}

/** Maps the namespaces of a ClusterRoleBinding's subjects. */
export const clusterRoleBinding: ItemAction = {
  name: 'velero.io/cluster-role-bindings',
  appliesTo: ['clusterrolebindings.rbac.authorization.k8s.io'],
  convertsThroughStruct: (_item, { namespaceMapping = {} }) => Object.keys(namespaceMapping).length > 0,
  execute: ({ item, restore }) => ({ item: mapSubjects(item, restore.spec.namespaceMapping) }),
}

/** The binding with mapped namespaces of its subjects of any kind. The reference to the role is not changed. */
function mapSubjects(binding: Manifest, mapping: Record<string, string> | undefined): Manifest {
  if (mapping === undefined || Object.keys(mapping).length === 0) return binding
  const mapped = cloneManifest(binding)
  for (const subject of objectsAt(mapped, 'subjects')) {
    const namespace = textAt(subject, 'namespace')
    if (Object.hasOwn(mapping, namespace)) subject['namespace'] = mapping[namespace]
  }
  return mapped
}
