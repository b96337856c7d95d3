import type { Clock } from '../../activities/ports.ts'
import type { Attempts } from './attempts.ts'
import type { ClusterConnection } from '../cluster/connect.ts'
import type { LeaseSightings, Sighting } from './lease-sightings.ts'
import { listObjects } from '../cluster/list-objects.ts'
import { leaseLabelSelector, leases, readLease, type WorkerLease } from './worker-lease.ts'

export interface FenceContext {
  connection: Pick<ClusterConnection, 'send'>
  clock: Clock
  namespace: string
  /** The Lease of this worker, which is no other. */
  own: string
  attempts: Attempts
  sightings: LeaseSightings
}

export interface FenceOptions {
  signal: AbortSignal
  onWait: (reason: string) => void
}

const pollMs = 1_000

/**
 * Waits until no earlier attempt of a scope can write (rule 7). The first list tells which workers matter: one whose
 * Lease comes later began its attempts later. Each of those is let go when its Lease has run out or is gone, or when it
 * was renewed since that list without naming the scope.
 */
export async function waitForOthers(context: FenceContext, scope: string, options: FenceOptions): Promise<void> {
  const earlierHere = context.attempts.earlierThanMine(scope)
  const open = new Map<string, string>()
  let listed = false
  for (;;) {
    options.signal.throwIfAborted()
    let reason: string | undefined
    try {
      const sighted = await sightLeases(context)
      if (!listed) for (const { lease } of sighted) open.set(lease.name, lease.renewTime)
      listed = true
      reason = letGo(open, sighted, scope)
    } catch (error) {
      reason = `the Leases of other workers cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
    if (reason === undefined && earlierHere() > 0) reason = 'an earlier attempt in this worker has not ended yet'
    if (reason === undefined) return
    options.onWait(reason)
    await context.clock.sleep(pollMs, options.signal)
  }
}

export interface SightedLease {
  lease: WorkerLease
  sighting: Sighting
}

/** Lists the Leases of the other workers and notes when each was first seen as it stands. */
export async function sightLeases(context: FenceContext): Promise<SightedLease[]> {
  const askedAt = performance.now()
  const manifests = await listObjects((request) => context.connection.send({ ...request, lane: 'vital' }), leases, {
    namespace: context.namespace,
    labelSelector: leaseLabelSelector,
  })
  const times = { askedAt, cameAt: performance.now(), now: context.clock.now() }
  const others = manifests.map(readLease).filter(({ name }) => name !== context.own)
  context.sightings.keepOnly(new Set(others.map(({ name }) => name)))
  return others.map((lease) => ({ lease, sighting: context.sightings.see(lease, times) }))
}

/** Removes from `open` every worker that cannot write to the scope any more; says why the first of the rest still could. */
function letGo(open: Map<string, string>, sighted: readonly SightedLease[], scope: string): string | undefined {
  const present = new Map(sighted.map((one) => [one.lease.name, one]))
  let reason: string | undefined
  for (const [name, renewTimeAtStart] of open) {
    const one = present.get(name)
    if (one === undefined || one.sighting.expired || renewedWithout(one.lease, renewTimeAtStart, scope))
      open.delete(name)
    else
      reason ??= `worker ${name} may still be writing; its Lease runs out in ${Math.ceil(one.sighting.secondsLeft)} s`
  }
  return reason
}

function renewedWithout(lease: WorkerLease, renewTimeAtStart: string, scope: string): boolean {
  return lease.renewTime !== renewTimeAtStart && !lease.names(scope)
}
