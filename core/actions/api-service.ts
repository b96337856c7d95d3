import type { ItemAction } from './action.ts'

/** APIServices that the API server registers by itself are never written: the new cluster has its own. */
export const apiService: ItemAction = {
  name: 'velero.io/apiservice',
  appliesTo: ['apiservices.apiregistration.k8s.io'],
  requiresLabel: 'kube-aggregator.kubernetes.io/automanaged',
  execute: ({ item }) => ({ item, skip: true }),
}
