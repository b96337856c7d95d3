import type { Clock } from '../../activities/ports.ts'
import type { Attempts } from './attempts.ts'
import type { LeaseObserver, SeenLease } from './lease-observer.ts'

/** What a fence looks at. */
export interface FenceFacts {
  observer: LeaseObserver
  clock: Clock
  /** The name of this worker's own Lease. */
  own: string
  attempts: Attempts
}

export interface FenceOptions {
  signal: AbortSignal
  /** Called once a second with what is waited for. */
  onWait: (reason: string) => void
}

const pollMs = 1_000

/**
 * Waits until no earlier attempt of a scope can write (rule 7). The first list tells which workers matter: one whose
 * Lease comes later began its attempts later. A worker of that list matters no more when its Lease has expired or is
 * gone, or when it has renewed since without naming the scope.
 */
export async function waitForOthers(facts: FenceFacts, scope: string, options: FenceOptions): Promise<void> {
  const earlierHere = facts.attempts.earlierThanMine(scope)
  /** The workers that are still waited for, with the renewal time that each had in the first list. */
  let awaited: Map<string, string> | undefined
  for (;;) {
    options.signal.throwIfAborted()
    let reason: string | undefined
    try {
      const others = (await facts.observer.look()).filter(({ name }) => name !== facts.own)
      awaited ??= new Map(others.map(({ name, renewTime }) => [name, renewTime]))
      reason = removeHarmless(awaited, others, scope)
    } catch (error) {
      reason = `the Leases of other workers cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
    reason ??= earlierHere()
    if (reason === undefined) return
    options.onWait(reason)
    await facts.clock.sleep(pollMs, options.signal)
  }
}

/** Removes every worker that cannot write to the scope any more; says why the first of the rest still could. */
function removeHarmless(awaited: Map<string, string>, seen: readonly SeenLease[], scope: string): string | undefined {
  const leases = new Map(seen.map((lease) => [lease.name, lease]))
  let reason: string | undefined
  for (const [name, firstRenewTime] of awaited) {
    const lease = leases.get(name)
    const renewedWithout = lease !== undefined && lease.renewTime !== firstRenewTime && !lease.names(scope)
    if (lease === undefined || lease.expired || renewedWithout) awaited.delete(name)
    else reason ??= `worker ${name} may still be writing; its Lease expires in ${Math.ceil(lease.secondsLeft)} s`
  }
  return reason
}
