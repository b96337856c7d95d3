import type { ItemAction } from './action.ts'
import { mapSubjects } from './map-subjects.ts'

/** A RoleBinding restored under a namespace mapping means the ServiceAccounts that move with it. */
export const roleBinding: ItemAction = {
  name: 'velero.io/role-bindings',
  appliesTo: ['rolebindings.rbac.authorization.k8s.io'],
  execute: ({ item, restore }) => ({ item: mapSubjects(item, restore.spec.namespaceMapping) }),
}
