import { refusalOf } from '../../core/port-errors.ts'
import { textAt } from '../../core/values/fields.ts'
import { restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import type { Cluster } from '../ports.ts'

export const dataDownloads: ResourceRef = { group: 'velero.io', version: 'v2alpha1', resource: 'datadownloads' }
export const podVolumeRestores: ResourceRef = { group: 'velero.io', version: 'v1', resource: 'podvolumerestores' }

/** The work orders for node agents that one restore made, in Velero's namespace. */
export function listOrders(
  cluster: Cluster,
  resource: ResourceRef,
  ref: { namespace: string; uid: string },
): Promise<Manifest[]> {
  return cluster.list(resource, { namespace: ref.namespace, labelSelector: `${restoreUidLabel}=${ref.uid}` })
}

/** Whether a node agent is through with a work order. */
export function isOrderOver(order: Manifest): boolean {
  return ['Completed', 'Failed', 'Canceled'].includes(textAt(order, 'status', 'phase'))
}

/** Whether somebody has asked the node agent to stop. */
export function isOrderCancelled(order: Manifest): boolean {
  return (order['spec'] as { cancel?: boolean } | undefined)?.cancel === true
}

/** Asks the node agent to stop. An order that is over or gone needs none; one that refuses is left as it is. */
export async function cancelOrder(cluster: Cluster, resource: ResourceRef, order: Manifest): Promise<void> {
  if (isOrderOver(order) || isOrderCancelled(order)) return
  const { namespace = '', name, uid } = order.metadata
  const patch = { metadata: { uid }, spec: { cancel: true } }
  try {
    await cluster.patch({ ...resource, namespace, name }, patch, { fieldManager: restoreFieldManager })
  } catch (thrown) {
    refusalOf(thrown)
  }
}
