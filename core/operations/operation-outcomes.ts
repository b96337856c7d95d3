import type { RestoreOperation } from '../../velero/item-operation.ts'
import { error } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'

/**
 * What failed operations add to the results. The messages are derived from the operations' state, so each is there once
 * however often it is written. Velero has them there only if the operation failed at its very first look.
 */
export function operationOutcomes(operations: readonly RestoreOperation[]): Outcome[] {
  return operations
    .filter(({ status }) => status.phase === 'Failed')
    .map(({ spec, status }) => ({
      key: `operations/${spec.operationID}`,
      messages: [error('velero', `error from restore item operation: ${status.error ?? ''}`)],
      at: status.updated ?? status.created ?? '',
    }))
}
