import { byCreation } from './decide-grants.ts'
import type { LockRequest, Locks } from './decide-grants.ts'

/** How many may stand in line. It bounds what the workflow of the locks carries. */
export const waitingMax = 500

/**
 * A restore asks: a holder stays one, with its new run; one that waits is asked for once. Of more than may stand in
 * line the last created is refused; it asks again later.
 */
export function requestLocks(
  { holders, waiting }: Locks,
  request: LockRequest,
): { locks: Locks; refused?: LockRequest } {
  const isOther = (one: LockRequest) => one.workflowId !== request.workflowId
  const others = waiting.filter(isOther)
  if (!holders.every(isOther)) return { locks: { holders: [...holders.filter(isOther), request], waiting: others } }
  const line = [...others, request].toSorted(byCreation)
  const [refused] = line.splice(waitingMax)
  return { locks: { holders, waiting: line }, ...(refused === undefined ? {} : { refused }) }
}

/** A run needs its namespaces no more, or waits no longer. A later run of the same restore keeps what it has. */
export function releaseLocks({ holders, waiting }: Locks, run: { workflowId: string; runId: string }): Locks {
  const isOther = (one: LockRequest) => one.workflowId !== run.workflowId || one.runId !== run.runId
  return { holders: holders.filter(isOther), waiting: waiting.filter(isOther) }
}

/**
 * What restores say of a time before these locks were kept. One of them that is in line already has asked again since,
 * and waits its turn.
 */
export function inheritLocks({ holders, waiting }: Locks, found: Locks): Locks {
  const isNew = ({ workflowId }: LockRequest) => ![...holders, ...waiting].some((one) => one.workflowId === workflowId)
  const line = [...waiting, ...found.waiting.filter(isNew)].toSorted(byCreation).slice(0, waitingMax)
  return { holders: [...holders, ...found.holders.filter(isNew)], waiting: line }
}

/** Those become holders. */
export function grantLocks({ holders, waiting }: Locks, granted: readonly LockRequest[]): Locks {
  return { holders: [...holders, ...granted], waiting: waiting.filter((one) => !granted.includes(one)) }
}

/** Whether it is one: people send signals by hand. */
export function isLockRequest(value: unknown): value is LockRequest {
  if (typeof value !== 'object' || value === null) return false
  const { workflowId, runId, restore, createdAt, uid, namespaces } = value as Record<string, unknown>
  const areTexts = [workflowId, runId, restore, createdAt, uid].every((text) => typeof text === 'string')
  return areTexts && Array.isArray(namespaces) && namespaces.every((name) => typeof name === 'string')
}
