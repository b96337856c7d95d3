import type { RestoreOperation } from '../../velero/item-operation.ts'
import { isOver } from './operations.ts'

/** Operations that a sentence names; more are counted. */
const namesMax = 3

/** What is being waited for, in words: how many operations, how far, and whose claims. */
export function operationProgress(operations: readonly RestoreOperation[]): string {
  const open = operations.filter(({ status }) => !isOver(status))
  const named = open.slice(0, namesMax).map((operation) => `${nameOf(operation)} (${stateOf(operation)})`)
  const more = open.length > namesMax ? [`${open.length - namesMax} more`] : []
  return `${open.length} of ${operations.length} operations: ${[...named, ...more].join(', ')}`
}

function nameOf({ spec: { resourceIdentifier } }: RestoreOperation): string {
  return `${resourceIdentifier.Namespace}/${resourceIdentifier.Name}`
}

function stateOf({ status }: RestoreOperation): string {
  if (status.nTotal === undefined) return status.description ?? 'not begun'
  return `${status.description ?? ''} ${status.nCompleted ?? 0} of ${status.nTotal} bytes`
}
