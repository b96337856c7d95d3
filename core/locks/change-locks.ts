import type { LockRequest, Locks } from './decide-grants.ts'

/** How many may stand in line; the rest ask again later. It bounds what the workflow of the locks carries. */
export const waitingMax = 500

/** A restore asks: a holder stays one, with its new run; one that waits is asked for once. */
export function requestLocks({ holders, waiting }: Locks, request: LockRequest): Locks {
  const isOther = (one: LockRequest) => one.workflowId !== request.workflowId
  if (!holders.every(isOther))
    return { holders: [...holders.filter(isOther), request], waiting: waiting.filter(isOther) }
  const others = waiting.filter(isOther)
  return { holders, waiting: others.length < waitingMax ? [...others, request] : others }
}

/** A run needs its namespaces no more, or waits no longer. A later run of the same restore keeps what it has. */
export function releaseLocks({ holders, waiting }: Locks, run: { workflowId: string; runId: string }): Locks {
  const isOther = (one: LockRequest) => one.workflowId !== run.workflowId || one.runId !== run.runId
  return { holders: holders.filter(isOther), waiting: waiting.filter(isOther) }
}

/** Those become holders. */
export function grantLocks({ holders, waiting }: Locks, granted: readonly LockRequest[]): Locks {
  return { holders: [...holders, ...granted], waiting: waiting.filter((one) => !granted.includes(one)) }
}
