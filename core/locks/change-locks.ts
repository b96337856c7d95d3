import { byCreation } from './decide-grants.ts'
import type { LockRequest, Locks } from './decide-grants.ts'
import { keepWider } from './wider-locks.ts'

/** How many requests may wait. It limits the state of the lock workflow. */
export const waitingMax = 500

/**
 * Adds the request of a restore. If the restore is a holder, it stays one with its new run; if it was only presumed to
 * be one, it waits. A restore waits at most once. If too many wait, the one created last is refused and requests again
 * later.
 */
export function requestLocks(
  { holders, waiting }: Locks,
  request: LockRequest,
): { locks: Locks; refused?: LockRequest } {
  const isOther = (one: LockRequest) => one.workflowId !== request.workflowId
  const others = waiting.filter(isOther)
  const otherHolders = holders.filter(isOther)
  const held = holders.find((one) => !isOther(one) && one.presumed === undefined)
  if (held !== undefined) return { locks: { holders: [...otherHolders, keepWider(request, held)], waiting: others } }
  const line = [...others, request].toSorted(byCreation)
  const [refused] = line.splice(waitingMax)
  return { locks: { holders: otherHolders, waiting: line }, ...(refused === undefined ? {} : { refused }) }
}

/** Removes a run that no longer needs or wants its namespaces. A later run of the same restore keeps them. */
export function releaseLocks({ holders, waiting }: Locks, run: { workflowId: string; runId: string }): Locks {
  const isOther = (one: LockRequest) => one.workflowId !== run.workflowId || one.runId !== run.runId
  return { holders: holders.filter(isOther), waiting: waiting.filter(isOther) }
}

/**
 * Adds the holders and waiting restores that were found after the lock workflow was started anew. A waiting run that
 * says it holds its namespaces becomes a holder, and its grant must be confirmed to it. Another waiting run of that
 * restore waits on.
 */
export function inheritLocks({ holders, waiting }: Locks, found: Locks): { locks: Locks; confirm: LockRequest[] } {
  const isSame = (one: LockRequest) => (other: LockRequest) => one.workflowId === other.workflowId
  const isNew = (one: LockRequest) => ![...holders, ...waiting].some(isSame(one))
  const confirm = waiting.filter((one) =>
    found.holders.some(({ runId, presumed }) => runId === one.runId && presumed === undefined),
  )
  const line = [...waiting.filter((one) => !confirm.includes(one)), ...found.waiting.filter(isNew)]
  const locks = {
    holders: [...holders, ...confirm, ...found.holders.filter(isNew)],
    waiting: line.toSorted(byCreation).slice(0, waitingMax),
  }
  return { locks, confirm }
}

/** Removes presumed holders whose time is over. */
export function dropPresumed({ holders, waiting }: Locks, nowMs: number): Locks {
  return { holders: holders.filter(({ presumed }) => (presumed?.untilMs ?? Infinity) > nowMs), waiting }
}

/** Makes these waiting requests holders. */
export function grantLocks({ holders, waiting }: Locks, granted: readonly LockRequest[]): Locks {
  return { holders: [...holders, ...granted], waiting: waiting.filter((one) => !granted.includes(one)) }
}

/** Whether a value is a request. It comes from a signal, which people can also send by hand. */
export function isLockRequest(value: unknown): value is LockRequest {
  if (typeof value !== 'object' || value === null) return false
  const { workflowId, runId, restore, createdAt, uid, namespaces, wants, assumed } = value as Record<string, unknown>
  const areTexts = [workflowId, runId, restore, createdAt, uid].every((text) => typeof text === 'string')
  return areTexts && wants === undefined && assumed === undefined && areNames(namespaces)
}

/** Whether a value is a list of names. */
export function areNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
