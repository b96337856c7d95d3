import type { Presence } from '../../../activities/ports.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createAttempts, untilSettled } from '../../../infra/presence/attempts.ts'
import type { Attempts } from '../../../infra/presence/attempts.ts'
import type { SimulatedClock } from '../clock.ts'

/** The Leases of all workers of a cluster, in simulated time. */
export interface InMemoryLeases {
  /** Takes a Lease for a new process and renews it from then on. */
  start(worker: string): InMemoryPresence
}

/** The presence of one process. */
export interface InMemoryPresence extends Presence {
  /** From now on its Lease is not renewed: the process is cut off, or dead. */
  cutOff(): void
  /** A write got no answer, and may still take effect within that time. */
  unanswered(withinMs: number): void
  /** It is renewed again. */
  letThrough(): void
  /** Waits until no attempt runs any more, then gives the Lease back. */
  stop(): Promise<void>
}

interface Lease {
  worker: string
  renewedAtMs: number
  /** The attempts that it names since then. */
  scopes: readonly string[]
}

/* The times of `infra/presence`. */
const leaseMs = 15_000
const lapseMs = 14_000
const writeWithinMs = 10_000
const renewEveryMs = 5_000
const retryMs = 1_000
const wakeMs = 200
const pollMs = 1_000

/** Makes the Leases of a cluster that has none. */
export function createLeases(clock: SimulatedClock): InMemoryLeases {
  const leases = new Map<string, Lease>()
  return { start: (worker) => startPresence(clock, leases, worker) }
}

function startPresence(clock: SimulatedClock, leases: Map<string, Lease>, worker: string): InMemoryPresence {
  const own: Lease = { worker, renewedAtMs: clock.nowMs(), scopes: [] }
  leases.set(worker, own)
  let isCutOff = false
  let turn = 0
  const attempts = createAttempts(() => renewIn(wakeMs), clock)
  const sightings = new Map<string, { state: string; sinceMs: number }>()

  function renewIn(ms: number): void {
    const mine = ++turn
    clock.later(ms, () => {
      if (mine === turn) renew()
    })
  }

  function renew(): void {
    if (!leases.has(worker)) return
    if (isCutOff) return renewIn(retryMs)
    if (clock.nowMs() - own.renewedAtMs > lapseMs) attempts.loseAll()
    Object.assign(own, { renewedAtMs: clock.nowMs(), scopes: attempts.scopes(false) })
    renewIn(renewEveryMs)
  }

  /** How long the Lease of another worker lasts by what this one has seen of it: clocks of machines differ. */
  function leftMs({ worker: other, renewedAtMs, scopes }: Lease): number {
    const state = `${renewedAtMs} ${scopes.join(' ')}`
    if (sightings.get(other)?.state !== state) sightings.set(other, { state, sinceMs: clock.nowMs() })
    return leaseMs - (clock.nowMs() - (sightings.get(other)?.sinceMs ?? 0))
  }

  async function fence(scope: string, { signal, onWait }: Parameters<Presence['fence']>[1]): Promise<void> {
    const earlierHere = attempts.earlierThanMine(scope)
    const others = () => [...leases.values()].filter((lease) => lease !== own)
    const open = new Map(others().map((lease) => [lease.worker, lease.renewedAtMs]))
    for (;;) {
      signal.throwIfAborted()
      const waiting = others().filter((lease) => open.has(lease.worker) && !isLetGo(lease, scope, open, leftMs(lease)))
      for (const name of open.keys()) if (!waiting.some((lease) => lease.worker === name)) open.delete(name)
      const reason = reasonOf(waiting[0], leftMs) ?? earlierHere()
      if (reason === undefined) return
      onWait(reason)
      await clock.sleep(pollMs, signal)
    }
  }

  renewIn(renewEveryMs)
  return {
    worker,
    begin: (scope) => attempts.begin(scope),
    unanswered: (withinMs) => attempts.unanswered(withinMs),
    assertMayWrite: () =>
      assertMayWrite(worker, leases.has(worker) ? clock.nowMs() - own.renewedAtMs : Infinity, attempts),
    fence,
    hasUnanswered: (scope) => attempts.hasUnanswered(scope),
    settle: (scope, options) => untilSettled({ attempts, clock }, scope, options),
    cutOff: () => void (isCutOff = true),
    letThrough: () => void (isCutOff = false),
    async stop() {
      while (attempts.count() > 0) await clock.sleep(50)
      leases.delete(worker)
    },
  }
}

function reasonOf(lease: Lease | undefined, leftMs: (lease: Lease) => number): string | undefined {
  if (lease === undefined) return undefined
  return `worker ${lease.worker} may still be writing; its Lease expires in ${Math.ceil(leftMs(lease) / 1000)} s`
}

/** A worker is let go when its Lease has expired, or was renewed since without naming the scope. */
function isLetGo(lease: Lease, scope: string, openSince: ReadonlyMap<string, number>, leftMs: number): boolean {
  if (leftMs <= 0) return true
  return lease.renewedAtMs !== openSince.get(lease.worker) && !isNamed(lease, scope)
}

function isNamed({ scopes }: Lease, scope: string): boolean {
  return scope.endsWith('/') ? scopes.some((one) => one.startsWith(scope)) : scopes.includes(scope)
}

function assertMayWrite(worker: string, ageMs: number, attempts: Attempts): void {
  const lost = attempts.lostCount()
  if (ageMs < writeWithinMs && lost === 0) return
  const lapsed = `it had expired, and ${lost} attempts from before have not ended yet`
  const old = ageMs === Infinity ? 'it is not held' : `its last renewal is ${Math.floor(ageMs / 1000)} s old`
  const why = ageMs < writeWithinMs ? lapsed : old
  throw new ApiError({ code: 0, reason: 'NoLease', message: `this worker may not write: Lease ${worker}: ${why}` })
}
