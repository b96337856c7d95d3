import { byCreation } from './decide-grants.ts'
import type { Blocked, LockRequest, Locks } from './decide-grants.ts'

/** A run of a restore. */
export type LockRun = Pick<LockRequest, 'workflowId' | 'runId'>

/** Notes that a holder wants namespaces besides those that it asked for at first. Nobody but a holder can want more. */
export function wantWider(locks: Locks, run: LockRun, namespaces: readonly string[]): Locks {
  const holders = locks.holders.map((one) => {
    if (!isRun(one, run)) return one
    const more = namespaces.filter((name) => !holdsFor(one, name))
    return more.length === 0 ? one : { ...one, wants: [...new Set([...(one.wants ?? []), ...more])] }
  })
  return { ...locks, holders }
}

/** Notes that a holder does without namespaces that it wanted besides. What it has got it keeps: it may write there already. */
export function dropWishes(locks: Locks, run: LockRun, namespaces: readonly string[]): Locks {
  const holders = locks.holders.map((one) => {
    if (!isRun(one, run) || one.wants === undefined) return one
    const { wants, ...rest } = one
    const left = wants.filter((name) => !namespaces.includes(name))
    return left.length === 0 ? rest : { ...rest, wants: left }
  })
  return { ...locks, holders }
}

/**
 * Gives holders what they want besides, where no other one holds it, in the order of creation. They come before all that wait:
 * those hold nothing, so nobody waits for them.
 */
export function grantWider({ holders, waiting }: Locks): Locks {
  const granted = [...holders]
  for (const holder of holders.filter(({ wants }) => wants !== undefined).toSorted(byCreation)) {
    const free = (holder.wants ?? []).filter((name) => blockersOf(holder, name, granted).length === 0)
    if (free.length > 0) granted[granted.findIndex((one) => isRun(one, holder))] = withMore(holder, free)
  }
  return { holders: granted, waiting }
}

function withMore({ wants = [], ...holder }: LockRequest, names: readonly string[]): LockRequest {
  const left = wants.filter((name) => !names.includes(name))
  const namespaces = [...holder.namespaces, ...names]
  return { ...holder, namespaces, ...(left.length === 0 ? {} : { wants: left }) }
}

/** The request of a holder that asks again, or whose plan is known now: it keeps what it holds besides, and what it wants. */
export function keepWider(request: LockRequest, held: LockRequest): LockRequest {
  const more = held.namespaces.filter((name) => name !== '*' && !holdsFor(request, name))
  if (more.length === 0 && held.wants === undefined) return request
  return {
    ...request,
    namespaces: [...request.namespaces, ...more],
    ...(held.wants === undefined ? {} : { wants: held.wants }),
  }
}

/**
 * Whether a restore may write into one more namespace: it has it, has to ask for it, gets it in a moment, waits for another one, or
 * must do without it, since that one waits for it in turn.
 */
export type WiderVerdict = { do: 'go' | 'ask' | 'soon' } | { do: 'wait' | 'leave'; behind: string }

/**
 * Decides whether a restore may write into one more namespace. Of restores that wait for each other in a circle the one that was
 * created last does without: the others wait for its end.
 */
export function judgeWider({ holders }: Locks, run: LockRun, namespace: string): WiderVerdict {
  const me = holders.find((one) => isRun(one, run))
  if (me === undefined) return { do: 'ask' }
  if (holdsFor(me, namespace)) return { do: 'go' }
  if (me.wants?.includes(namespace) !== true) return { do: 'ask' }
  const [blocker] = blockersOf(me, namespace, holders)
  if (blocker === undefined) return { do: 'soon' }
  const behind = `Restore ${blocker.restore}, which restores into namespace ${namespace}`
  const circle = waitedForBy(me, holders).filter((one) => waitedForBy(one, holders).includes(me))
  const last = circle.toSorted(byCreation).at(-1)
  return last === me ? { do: 'leave', behind } : { do: 'wait', behind }
}

/** The holders that wait for more namespaces, and for what. */
export function blockedWider({ holders }: Pick<Locks, 'holders'>): Blocked[] {
  return holders.flatMap((request) =>
    (request.wants ?? []).map((name) => {
      const verdict = judgeWider({ holders, waiting: [] }, request, name)
      return { request, behind: 'behind' in verdict ? verdict.behind : 'its turn' }
    }),
  )
}

/** All holders for which one waits, by itself or since those wait for others. */
function waitedForBy(from: LockRequest, holders: readonly LockRequest[]): LockRequest[] {
  const found: LockRequest[] = []
  const next = [from]
  for (let one = next.pop(); one !== undefined; one = next.pop())
    for (const name of one.wants ?? [])
      for (const blocker of blockersOf(one, name, holders))
        if (!found.includes(blocker)) {
          found.push(blocker)
          next.push(blocker)
        }
  return found
}

const blockersOf = (request: LockRequest, namespace: string, holders: readonly LockRequest[]) =>
  holders.filter((one) => one.workflowId !== request.workflowId && holds(one, namespace))

/** Whether a request has a namespace; `*` stands for all. */
function holds({ namespaces }: LockRequest, namespace: string): boolean {
  return namespaces[0] === '*' || namespaces.includes(namespace)
}

/** Whether it stays so: what is only assumed ends when the plan is known, so a restore has to ask before it writes elsewhere. */
function holdsFor({ assumed, namespaces }: LockRequest, name: string): boolean {
  return namespaces.includes(name) || (assumed !== true && namespaces[0] === '*')
}

/** One that is only presumed to hold its namespaces is not meant. */
function isRun(one: LockRequest, run: LockRun): boolean {
  return one.workflowId === run.workflowId && one.runId === run.runId && one.presumed === undefined
}
