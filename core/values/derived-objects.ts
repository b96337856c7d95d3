import type { GroupResource } from '../../velero/resource.ts'

/** Kinds that controllers create from other objects, often with a copy of their labels, which may be ours. */
const derived: ReadonlySet<GroupResource> = new Set([
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'controllerrevisions.apps',
  'leases.coordination.k8s.io',
])

/** Objects that Kubernetes creates in each namespace. */
const derivedByName: Readonly<Record<GroupResource, string>> = {
  serviceaccounts: 'default',
  configmaps: 'kube-root-ca.crt',
}

/** Whether controllers or Kubernetes itself make such an object, whoever deletes it. */
export function isDerived(groupResource: GroupResource, name: string): boolean {
  return derived.has(groupResource) || derivedByName[groupResource] === name
}
