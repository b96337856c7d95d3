import type { RestoreOperation } from '../../velero/item-operation.ts'

/** Velero's three numbers, and how many operations are still to be waited for. */
export interface OperationCounts {
  attempted: number
  completed: number
  failed: number
  unfinished: number
}

/** The counts of a restore's operations. */
export function countOperations(operations: readonly RestoreOperation[]): OperationCounts {
  const completed = operations.filter(({ status }) => status.phase === 'Completed').length
  const failed = operations.filter(({ status }) => status.phase === 'Failed').length
  return { attempted: operations.length, completed, failed, unfinished: operations.length - completed - failed }
}
