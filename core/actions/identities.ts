import type { Manifest } from '../../velero/manifest.ts'
import { dropIfEmpty, listAt, textAt, fieldsAt, objectsAt } from '../values/fields.ts'
import { cloneManifest } from '../values/manifest-json.ts'
import type { ItemAction } from './action.ts'

/**
 * Kubernetes before 1.24 gave each ServiceAccount a token Secret, which the new cluster would not recognise.
 * Velero drops only the last reference that looks like one and keeps earlier ones; so do we.
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
 * A token Secret that the old cluster made for a ServiceAccount is left out: the new cluster makes its own. One that
 * somebody made by hand is restored without its token, and the new cluster fills that in.
 * Velero looks for the ServiceAccount in the namespace of the backup, mapped or not; so do we.
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

/** A RoleBinding restored under a namespace mapping means the ServiceAccounts that move with it. */
export const roleBinding: ItemAction = {
  name: 'velero.io/role-bindings',
  appliesTo: ['rolebindings.rbac.authorization.k8s.io'],
  convertsThroughStruct: (_item, { namespaceMapping = {} }) => Object.keys(namespaceMapping).length > 0,
  execute: ({ item, restore }) => ({ item: mapSubjects(item, restore.spec.namespaceMapping) }),
}

/** A ClusterRoleBinding restored under a namespace mapping means the ServiceAccounts in their new namespaces. */
export const clusterRoleBinding: ItemAction = {
  name: 'velero.io/cluster-role-bindings',
  appliesTo: ['clusterrolebindings.rbac.authorization.k8s.io'],
  convertsThroughStruct: (_item, { namespaceMapping = {} }) => Object.keys(namespaceMapping).length > 0,
  execute: ({ item, restore }) => ({ item: mapSubjects(item, restore.spec.namespaceMapping) }),
}

/** The binding with the namespaces of its subjects mapped, whatever their kind; the role it refers to stays. */
function mapSubjects(binding: Manifest, mapping: Record<string, string> | undefined): Manifest {
  if (mapping === undefined || Object.keys(mapping).length === 0) return binding
  const mapped = cloneManifest(binding)
  for (const subject of objectsAt(mapped, 'subjects')) {
    const namespace = textAt(subject, 'namespace')
    if (Object.hasOwn(mapping, namespace)) subject['namespace'] = mapping[namespace]
  }
  return mapped
}
