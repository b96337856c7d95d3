import type { ItemAction } from './action.ts'
import { mapSubjects } from './map-subjects.ts'

/** A ClusterRoleBinding restored under a namespace mapping means the ServiceAccounts in their new namespaces. */
export const clusterRoleBinding: ItemAction = {
  name: 'velero.io/cluster-role-bindings',
  appliesTo: ['clusterrolebindings.rbac.authorization.k8s.io'],
  execute: ({ item, restore }) => ({ item: mapSubjects(item, restore.spec.namespaceMapping) }),
}
