import { mergeOperations } from '../../core/operations/operations.ts'
import type { OperationStates } from '../../core/operations/operations.ts'
import type { Tally } from '../../core/results/tally.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import { readAll } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'

const folder = 'operations/'

/** Where one attempt keeps the states it saw: written again at each change, by that attempt alone. */
export function operationsShard(attempt: string): string {
  return `${folder}${attempt}`
}

/** The restore's operations as far as anybody has seen them. */
export async function readOperations(journal: Journal, tally: Tally): Promise<RestoreOperation[]> {
  const begun = mergeOperations(tally, [])
  if (begun.length === 0) return begun
  return mergeOperations(tally, await readAll<OperationStates>(journal, folder))
}

/** The states of operations, as a shard holds them. */
export function statesOf(operations: readonly RestoreOperation[]): OperationStates {
  return Object.fromEntries(operations.map(({ spec, status }) => [spec.operationID, status]))
}
