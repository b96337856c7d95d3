import { byCreation } from './decide-grants.ts'
import type { LockRequest, Locks } from './decide-grants.ts'
import { keepWider } from './wider-locks.ts'

/** The workflows of holders that are assumed to hold all namespaces, since their plans could not be read. */
export function assumedHolders({ holders }: Pick<Locks, 'holders'>): string[] {
  return holders.filter(({ assumed }) => assumed === true).map(({ workflowId }) => workflowId)
}

/**
 * Puts what was found now in the place of assumed holders that were asked for again. One of which nothing was found holds
 * nothing. Who has asked or released meanwhile is not assumed to hold any more, and stays as it is.
 */
export function narrowLocks({ holders, waiting }: Locks, asked: readonly string[], found: Locks): Locks {
  const isAsked = (one: LockRequest) => one.assumed === true && asked.includes(one.workflowId)
  const inLine = new Set(waiting.map(({ workflowId }) => workflowId))
  const again = holders.filter((one) => isAsked(one) && !inLine.has(one.workflowId))
  const isAgain = ({ workflowId }: LockRequest) => again.some((one) => one.workflowId === workflowId)
  return {
    holders: holders.flatMap((one) => {
      if (!isAsked(one)) return [one]
      const now = found.holders.find(({ workflowId }) => workflowId === one.workflowId)
      return now === undefined ? [] : [keepWider(now, one)]
    }),
    waiting: [...waiting, ...found.waiting.filter(isAgain)].toSorted(byCreation),
  }
}
