import type { OperationPhase, RestoreOperation } from '../../velero/item-operation.ts'
import type { Tally } from '../results/tally.ts'

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
  return canonical(a) >= canonical(b) ? a : b
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

function canonical(status: OperationStatus): string {
  return JSON.stringify(Object.entries(status).sort(([a], [b]) => (a < b ? -1 : 1)))
}
