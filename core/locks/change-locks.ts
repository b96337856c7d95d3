import { byCreation } from './decide-grants.ts'
import type { LockRequest, Locks } from './decide-grants.ts'

/** How many may stand in line. It bounds what the workflow of the locks carries. */
export const waitingMax = 500

/**
 * A restore asks: a holder stays one, with its new run, but one that was only presumed to hold lines up; one that waits
 * is asked for once. Of more than may stand in line the last created is refused; it asks again later.
 */
export function requestLocks(
  { holders, waiting }: Locks,
  request: LockRequest,
): { locks: Locks; refused?: LockRequest } {
  const isOther = (one: LockRequest) => one.workflowId !== request.workflowId
  const others = waiting.filter(isOther)
  const otherHolders = holders.filter(isOther)
  if (holders.some((one) => !isOther(one) && one.presumed === undefined))
    return { locks: { holders: [...otherHolders, request], waiting: others } }
  const line = [...others, request].toSorted(byCreation)
  const [refused] = line.splice(waitingMax)
  return { locks: { holders: otherHolders, waiting: line }, ...(refused === undefined ? {} : { refused }) }
}

/** A run needs its namespaces no more, or waits no longer. A later run of the same restore keeps what it has. */
export function releaseLocks({ holders, waiting }: Locks, run: { workflowId: string; runId: string }): Locks {
  const isOther = (one: LockRequest) => one.workflowId !== run.workflowId || one.runId !== run.runId
  return { holders: holders.filter(isOther), waiting: waiting.filter(isOther) }
}

/**
 * What restores say of a time before these locks were kept. A run that is in line and says that it holds had its grant
 * without knowing so: it is to be confirmed. Another run of it that is in line waits its turn.
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

/** Nobody is presumed to hold for longer than that. */
export function dropPresumed({ holders, waiting }: Locks, nowMs: number): Locks {
  return { holders: holders.filter(({ presumed }) => (presumed?.untilMs ?? Infinity) > nowMs), waiting }
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
