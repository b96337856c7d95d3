import type { RestoreOperation } from '../../velero/item-operation.ts'
import { error } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import type { Tally } from '../results/tally.ts'

/**
 * What failed operations add to the results. The messages are derived from the operations' state, so each is there once
 * however often it is written. Velero has them there only if the operation failed at its very first look.
 * An operation that was brought in as failed, in a restore that was taken over, has had its message there.
 */
export function operationOutcomes(operations: readonly RestoreOperation[], tally: Tally): Outcome[] {
  const begun = [...tally.values()].flatMap(({ operation }) => (operation === undefined ? [] : [operation]))
  const told = new Set(begun.filter(hasFailed).map(({ spec }) => spec.operationID))
  return operations
    .filter((operation) => hasFailed(operation) && !told.has(operation.spec.operationID))
    .map(({ spec, status }) => ({
      key: `operations/${spec.operationID}`,
      messages: [error('velero', `error from restore item operation: ${status.error ?? ''}`)],
      at: status.updated ?? status.created ?? '',
    }))
}

function hasFailed({ status }: RestoreOperation): boolean {
  return status.phase === 'Failed'
}
