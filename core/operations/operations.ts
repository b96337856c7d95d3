import type { OperationPhase, RestoreOperation } from '../../velero/item-operation.ts'
import { error } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import type { Tally } from '../results/tally.ts'
import { canonicalJson } from '../values/manifest-json.ts'

/** The state of an operation, as far as it was seen. */
export type OperationStatus = RestoreOperation['status']

/** States by operation id, as one attempt of the polling stores them. */
export type OperationStates = Readonly<Record<string, OperationStatus>>

/**
 * The operations that items began, in the order of their items' keys, each at the furthest state that any attempt saw.
 * Merging has the laws of the tally: a shard that is read twice, or comes late from a worker thought dead, changes nothing.
 */
export function mergeOperations(tally: Tally, seen: Iterable<OperationStates>): RestoreOperation[] {
  const states = [...seen]
  return [...tally.values()]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .flatMap((outcome) => (outcome.operation === undefined ? [] : [outcome.operation]))
    .map((operation) => ({ ...operation, status: furthest(operation, states) }))
}

/** Of two states the further one: nothing goes back, and a failure, once said, stays said. */
export function mergeStatus(a: OperationStatus, b: OperationStatus): OperationStatus {
  const difference = rank(a) - rank(b) || (a.nCompleted ?? 0) - (b.nCompleted ?? 0)
  if (difference !== 0) return difference > 0 ? a : b
  return canonicalJson(a) >= canonicalJson(b) ? a : b
}

/** Whether an operation needs no further look. */
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
