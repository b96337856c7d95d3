import { orderForNext } from '../../core/volumes/order-for-next.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import type { Cluster, WriteOptions } from '../ports.ts'

/** Creates an order for node agents, or another object beside an item, although Velero's CRDs may be upgraded while a restore runs. */
export async function createOrder(
  cluster: Pick<Cluster, 'create'>,
  resource: ResourceRef,
  order: Manifest,
  options: WriteOptions,
): Promise<void> {
  const { namespace } = order.metadata
  try {
    await cluster.create(resource, namespace, order, options)
  } catch (thrown) {
    const next = orderForNext(order, thrown)
    if (next === undefined) throw thrown
    await cluster.create(resource, namespace, next, options)
  }
}
