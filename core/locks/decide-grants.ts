import type { Plan } from '../plan/plan.ts'

/** A restore's request for all its target namespaces. */
export interface LockRequest {
  workflowId: string
  /** The run that requests. A later run of the same restore requests again. */
  runId: string
  /** `<Velero namespace>/<name>` of the Restore, for people. */
  restore: string
  /** When the Restore was created; RFC 3339. Requests are granted in the order of this time and the uid. */
  createdAt: string
  uid: string
  /** The names, or only `*` if there are too many for a list: it overlaps with all namespaces. */
  namespaces: readonly string[]
  /**
   * The restore is only presumed to be a holder, until this time at most. When it requests, it must wait like others.
   */
  presumed?: { untilMs?: number }
  /** Its plan could not be read yet: until then it is assumed to hold all namespaces. Those that it wants besides are named. */
  assumed?: true
  /** Namespaces that a holder wants besides: an action of a plugin asks for an item there. */
  wants?: readonly string[]
}

/** The restores that hold their namespaces, and those that wait for them. */
export interface Locks {
  holders: readonly LockRequest[]
  waiting: readonly LockRequest[]
}

/** A request that must wait. `behind` says in words for what. */
export interface Blocked {
  request: LockRequest
  behind: string
}

/** The requests that can be granted now, and the others. */
export interface LockDecision {
  granted: readonly LockRequest[]
  blocked: readonly Blocked[]
}

/**
 * Grants requests in the order of creation, up to `restoresMax` holders. A request is granted if it has no namespace in
 * common with a holder or with an earlier request that must wait. So no later restore overtakes one that waits for the
 * same namespace (rule 9).
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
  for (const { restore, namespaces, assumed } of others) {
    if (assumed === true && wanted.size > 0) return { restore, where: 'namespaces that its journal has not told yet' }
    if (wanted.has('*') && namespaces.length > 0) return { restore, where: 'a namespace of it' }
    if (namespaces[0] === '*' && wanted.size > 0) return { restore, where: 'many namespaces' }
    const shared = namespaces.find((name) => wanted.has(name))
    if (shared !== undefined) return { restore, where: `namespace ${shared}` }
  }
  return undefined
}

/** The order of requests: by the creation of the Restore, then by uid. */
export function byCreation(one: LockRequest, other: LockRequest): number {
  const time = Date.parse(one.createdAt) - Date.parse(other.createdAt)
  return time === 0 ? (one.uid < other.uid ? -1 : 1) : time
}

/** The maximum total length of the names in a request. A longer list is replaced by `*`. */
const charactersMax = 2000

/** The namespaces into which a plan writes, sorted; only `*` if there are too many for a request. */
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
