import type { Plan } from '../plan/plan.ts'

/** A restore that asks for its target namespaces, all at once. */
export interface LockRequest {
  workflowId: string
  /** The run that asks; a later run of the same restore asks again. */
  runId: string
  /** `<Velero namespace>/<name>` of the Restore, for people. */
  restore: string
  /** When the Restore was created, RFC 3339; the first come, by this and its uid, is served first. */
  createdAt: string
  uid: string
  /** Names, or `*` alone for more than a list should hold: it overlaps everything. */
  namespaces: readonly string[]
  /** It is only taken for a holder, for so long at most, and lines up when it asks. */
  presumed?: { untilMs?: number }
}

/** Who holds namespaces, and who waits for some. */
export interface Locks {
  holders: readonly LockRequest[]
  waiting: readonly LockRequest[]
}

/** A request that has to wait, and for what, in words. */
export interface Blocked {
  request: LockRequest
  behind: string
}

/** What can be granted now, and why the rest cannot. */
export interface LockDecision {
  granted: readonly LockRequest[]
  blocked: readonly Blocked[]
}

/**
 * Grants in the order of creation whatever overlaps neither a holder nor one that is before it in the line, while fewer
 * than `restoresMax` hold: nobody is overtaken by one that wants the same namespace (rule 9).
 */
export function decideGrants({ holders, waiting }: Locks, restoresMax: number): LockDecision {
  const granted: LockRequest[] = []
  const blocked: Blocked[] = []
  for (const request of waiting.toSorted(byCreation)) {
    const held = firstOverlap(request, [...holders, ...granted])
    const ahead = firstOverlap(
      request,
      blocked.map((one) => one.request),
    )
    if (held !== undefined)
      blocked.push({ request, behind: `Restore ${held.restore}, which restores into ${held.where}` })
    else if (ahead !== undefined)
      blocked.push({ request, behind: `Restore ${ahead.restore}, which is before it in the line for ${ahead.where}` })
    else if (holders.length + granted.length >= restoresMax)
      blocked.push({ request, behind: `one of the ${restoresMax} restores that may run at once to end` })
    else granted.push(request)
  }
  return { granted, blocked }
}

function firstOverlap(
  request: LockRequest,
  others: readonly LockRequest[],
): { restore: string; where: string } | undefined {
  const wanted = new Set(request.namespaces)
  for (const { restore, namespaces } of others) {
    if (wanted.has('*') && namespaces.length > 0) return { restore, where: 'a namespace of it' }
    if (namespaces[0] === '*' && wanted.size > 0) return { restore, where: 'many namespaces' }
    const shared = namespaces.find((name) => wanted.has(name))
    if (shared !== undefined) return { restore, where: `namespace ${shared}` }
  }
  return undefined
}

/** First come, first served. */
export function byCreation(one: LockRequest, other: LockRequest): number {
  const time = Date.parse(one.createdAt) - Date.parse(other.createdAt)
  return time === 0 ? (one.uid < other.uid ? -1 : 1) : time
}

/** Characters of names that one request may hold; one that has more takes `*`. */
const charactersMax = 2000

/** The namespaces that a plan writes into, sorted; `*` alone for a great many. */
export function targetNamespaces({ waves }: Pick<Plan, 'waves'>): string[] {
  const names = new Set<string>()
  for (const { chunks } of waves)
    for (const { items } of chunks)
      for (const { target, namespace } of items) {
        const name = target ?? namespace
        if (name !== undefined) names.add(name)
      }
  return [...names].join(' ').length > charactersMax ? ['*'] : [...names].toSorted()
}
