import type { OperationPhase, RestoreOperation } from '../../velero/item-operation.ts'
import { error, operationsOf } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import type { Tally } from '../results/tally.ts'
import { canonicalJson } from '../values/manifest-json.ts'

/** The last observed state of an operation. */
export type OperationStatus = RestoreOperation['status']

/** States by operation id, as one attempt of the polling stores them in the journal. */
export type OperationStates = Readonly<Record<string, OperationStatus>>

/**
 * The operations that items began, in the order of the items' keys, each with the latest state that any attempt
 * observed. Merging is idempotent and independent of the order, like that of the tally (decision 8).
 */
export function mergeOperations(tally: Tally, seen: Iterable<OperationStates>): RestoreOperation[] {
  const states = [...seen]
  return [...tally.values()]
    .filter(({ operation, pluginOperations }) => (operation ?? pluginOperations) !== undefined)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap(operationsOf)
    .map((operation) => ({ ...operation, status: furthest(operation, states) }))
}

/** The later one of two states. No state returns to an earlier one, and a failed operation stays failed. */
export function mergeStatus(a: OperationStatus, b: OperationStatus): OperationStatus {
  const difference = rank(a) - rank(b) || (a.nCompleted ?? 0) - (b.nCompleted ?? 0)
  if (difference !== 0) return difference > 0 ? a : b
  return canonicalJson(a) >= canonicalJson(b) ? a : b
}

/** Whether an operation has ended. */
export function isOver(status: OperationStatus): boolean {
  return status.phase === 'Completed' || status.phase === 'Failed'
}

function furthest(operation: RestoreOperation, states: readonly OperationStates[]): OperationStatus {
  const id = operation.spec.operationID
  return states.reduce<OperationStatus>((status, shard) => {
    const state = Object.hasOwn(shard, id) ? shard[id] : undefined
    return state === undefined ? status : mergeStatus(status, state)
  }, operation.status)
}

const ranks: Record<OperationPhase, number> = { New: 0, InProgress: 1, Completed: 2, Failed: 3 }

function rank({ phase }: OperationStatus): number {
  return phase === undefined ? 0 : ranks[phase]
}

/** The three numbers in the status of a Restore, and how many operations have not ended. */
export interface OperationCounts {
  attempted: number
  completed: number
  failed: number
  unfinished: number
}

/** Counts the operations of a restore. */
export function countOperations(operations: readonly RestoreOperation[]): OperationCounts {
  const completed = operations.filter(({ status }) => status.phase === 'Completed').length
  const failed = operations.filter(({ status }) => status.phase === 'Failed').length
  return { attempted: operations.length, completed, failed, unfinished: operations.length - completed - failed }
}

/** How many operations the sentence names; the others are counted. */
const namesMax = 3

/**
 * A sentence about the operations that have not ended: how many, of which claims, and their progress. `said` is what the
 * cluster says of one that has not begun, by the operation's id.
 */
export function operationProgress(
  operations: readonly RestoreOperation[],
  said: ReadonlyMap<string, string> = new Map(),
): string {
  const open = operations.filter(({ status }) => !isOver(status))
  const stateNow = (operation: RestoreOperation) => said.get(operation.spec.operationID) ?? stateOf(operation)
  const named = open.slice(0, namesMax).map((operation) => `${nameOf(operation)} (${stateNow(operation)})`)
  const more = open.length > namesMax ? [`${open.length - namesMax} more`] : []
  return `${open.length} of ${operations.length} operations: ${[...named, ...more].join(', ')}`
}

function nameOf({ spec: { resourceIdentifier } }: RestoreOperation): string {
  return `${resourceIdentifier.Namespace}/${resourceIdentifier.Name}`
}

function stateOf({ status }: RestoreOperation): string {
  if (status.nTotal === undefined) return status.description ?? 'not begun'
  return `${status.description ?? ''} ${status.nCompleted ?? 0} of ${status.nTotal} ${status.operationUnits?.toLowerCase() ?? 'bytes'}`
}

/**
 * The errors of failed operations, as outcomes for the results. They are derived from the states, so a repeated attempt
 * adds none twice. Velero writes them only if an operation has failed when it is first read. An operation that had
 * failed before the restore was taken over is left out: the outcome with Velero's messages covers it.
 */
export function operationOutcomes(operations: readonly RestoreOperation[], tally: Tally): Outcome[] {
  const begun = [...tally.values()].flatMap(operationsOf)
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
