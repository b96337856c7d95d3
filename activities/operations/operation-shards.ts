import { mergeOperations } from '../../core/operations/operations.ts'
import type { OperationStates } from '../../core/operations/operations.ts'
import { operationsOf } from '../../core/items/outcome.ts'
import { notableInSteps } from '../../core/results/notable-outcomes.ts'
import type { Tally } from '../../core/results/tally.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import { inSlices } from '../frame/in-slices.ts'
import { readAll } from '../frame/journal.ts'
import { readTally } from '../frame/read-tally.ts'
import type { Journal } from '../frame/journal.ts'

const folder = 'operations/'

/** The shard with the states that one attempt has seen. Only that attempt writes it, again at each change. */
export function operationsShard(attempt: string): string {
  return `${folder}${attempt}`
}

/** The outcomes that began an operation: they are complete when all items are through. */
export async function readBegun(journal: Journal): Promise<Tally> {
  const notable = await inSlices(notableInSteps(await readTally(journal)))
  return new Map([...notable].filter(([, outcome]) => operationsOf(outcome).length > 0))
}

/** The operations of a restore, each in the most advanced state that an attempt has seen. */
export async function readOperations(journal: Journal, tally: Tally): Promise<RestoreOperation[]> {
  const begun = mergeOperations(tally, [])
  if (begun.length === 0) return begun
  return mergeOperations(tally, await readAll<OperationStates>(journal, folder))
}

/** The states of operations by their ids, as a shard holds them. */
export function statesOf(operations: readonly RestoreOperation[]): OperationStates {
  return Object.fromEntries(operations.map(({ spec, status }) => [spec.operationID, status]))
}
