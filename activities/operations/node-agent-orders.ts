import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { isDataMover } from '../../core/operations/look-up-operation.ts'
import { countOperations, isOver } from '../../core/operations/operations.ts'
import type { OperationCounts } from '../../core/operations/operations.ts'
import { refusalOf } from '../../core/port-errors.ts'
import { tallyOf } from '../../core/results/tally.ts'
import { textAt } from '../../core/values/fields.ts'
import { restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import { readOutcomes } from '../frame/journal.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import { readIfUnderway, runActivity } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { Cluster, Ports } from '../ports.ts'
import { cancelByPlugin } from './plugin-operations.ts'
import { operationsShard, readOperations, statesOf } from './operation-shards.ts'

/** Orders to restore a claim from a snapshot that a data mover uploaded. */
export const dataDownloads: ResourceRef = { group: 'velero.io', version: 'v2alpha1', resource: 'datadownloads' }
/** Orders to fill a volume of a pod from a file system backup. */
export const podVolumeRestores: ResourceRef = { group: 'velero.io', version: 'v1', resource: 'podvolumerestores' }

/** The orders of one restore, in Velero's namespace. An order is an object that asks a node agent to move data. */
export function listOrders(
  cluster: Cluster,
  resource: ResourceRef,
  ref: { namespace: string; uid: string },
): Promise<Manifest[]> {
  return cluster.list(resource, { namespace: ref.namespace, labelSelector: `${restoreUidLabel}=${ref.uid}` })
}

/** Whether the node agent has finished with an order, or given it up. */
export function isOrderOver(order: Manifest): boolean {
  return ['Completed', 'Failed', 'Canceled'].includes(textAt(order, 'status', 'phase'))
}

/** Whether the node agent was asked to stop. */
export function isOrderCancelled(order: Manifest): boolean {
  return (order['spec'] as { cancel?: boolean } | undefined)?.cancel === true
}

/** Asks the node agent to stop, unless the order has ended. An order that the API server refuses to change is left as it is. */
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

/**
 * Cancels what node agents and plugins still do for a restore that has ended early. Its unfinished operations count as failed from
 * then on, for the reason given. Safe to run again: orders that have ended or are cancelled are left alone.
 */
export function cancelOperations({ ports, sessions }: Omit<WorkerParts, 'settings'>) {
  return (input: { ref: AdmittedRef; because: string }): Promise<OperationCounts> =>
    runActivity(ports.presence, { doing: `cancelling operations of restore ${input.ref.name}` }, async (attempt) => {
      await readIfUnderway(ports.cluster, input.ref, { after: 'end' })
      const [downloads] = await Promise.all([
        cancelAll(ports, dataDownloads, input.ref),
        cancelAll(ports, podVolumeRestores, input.ref),
      ])
      if (downloads === 0 && ports.plugins === undefined) return countOperations([])
      const session = await sessions.open(input.ref)
      const { journal } = session
      const known = await readOperations(journal, tallyOf(await readOutcomes(journal, '')))
      for (const operation of known)
        if (!isDataMover(operation) && !isOver(operation.status))
          await cancelByPlugin(operation, { ports, session, attempt })
      const failed = known.map((operation) =>
        isOver(operation.status)
          ? operation
          : { ...operation, status: { ...operation.status, phase: 'Failed' as const, error: input.because } },
      )
      if (countOperations(known).unfinished > 0) await journal.write(operationsShard(attempt.id), statesOf(failed))
      return countOperations(failed)
    })
}

async function cancelAll({ cluster }: Ports, resource: ResourceRef, ref: AdmittedRef): Promise<number> {
  const labelSelector = `${restoreUidLabel}=${ref.uid}`
  const orders = await listIfServed(cluster, resource, { namespace: ref.namespace, labelSelector })
  await Promise.all(orders.map((order) => cancelOrder(cluster, resource, order)))
  return orders.length
}
