import { countOperations, isOver } from '../../core/operations/operations.ts'
import type { OperationCounts } from '../../core/operations/operations.ts'
import { tallyOf } from '../../core/results/tally.ts'
import { restoreUidLabel } from '../../velero/labels.ts'
import type { ResourceRef } from '../../velero/resource.ts'
import { runActivity } from '../frame/run-activity.ts'
import { listKnown } from '../plan/gather-facts.ts'
import { readOutcomes } from '../frame/journal.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { Ports } from '../ports.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { operationsShard, readOperations, statesOf } from './operation-shards.ts'
import { cancelOrder, dataDownloads, podVolumeRestores } from './work-orders.ts'

/**
 * Calls off what node agents still do for a restore that has ended early: its DataDownloads and PodVolumeRestores. The
 * operations count as failed from then on. Safe to run again: what is over or called off is left alone.
 */
export function cancelOperations({ ports, sessions }: Omit<WorkerParts, 'settings'>) {
  return (input: { ref: AdmittedRef; because: string }): Promise<OperationCounts> =>
    runActivity(ports.presence, { doing: `calling off operations of restore ${input.ref.name}` }, async (attempt) => {
      const [downloads] = await Promise.all([
        cancelAll(ports, dataDownloads, input.ref),
        cancelAll(ports, podVolumeRestores, input.ref),
      ])
      if (downloads === 0) return countOperations([])
      const { journal } = await sessions.open(input.ref)
      const known = await readOperations(journal, tallyOf(await readOutcomes(journal, '')))
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
  const orders = await listKnown(cluster, resource, { namespace: ref.namespace, labelSelector })
  await Promise.all(orders.map((order) => cancelOrder(cluster, resource, order)))
  return orders.length
}
