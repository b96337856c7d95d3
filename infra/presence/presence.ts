import { randomBytes } from 'node:crypto'
import type { Clock, Cluster, Log, Presence } from '../../activities/ports.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { ClusterConnection } from '../cluster/connect.ts'
import { createObjects } from '../cluster/objects.ts'
import { createAttempts, untilSettled, type Attempts } from './attempts.ts'
import { waitForOthers } from './fence.ts'
import type { Horizon, LongWrite } from './write-horizon.ts'
import { observeLeases, type LeaseObserver, type SeenLease } from './lease-observer.ts'
import { keepRenewing } from './renew-lease.ts'
import { leaseName, leaseRef, leaseSeconds } from './worker-lease.ts'

export interface PresenceOptions {
  connection: Pick<ClusterConnection, 'send'>
  /** The Velero namespace. */
  namespace: string
  /** The worker's id, unique for each process: see {@link newWorkerId}. */
  worker: string
  log: Log
  clock: Clock
  /** Must succeed for a renewal. A worker cut off from Temporal loses its Lease, since its work is given to others. */
  stillWanted?: (() => Promise<void>) | undefined
}

/** The port, what the election of a leader looks at, and the end. */
export interface RunningPresence extends Presence {
  /** The Leases of all workers, this worker's too. Rejects where they cannot be read within five seconds. */
  look(): Promise<SeenLease[]>
  /** For how long this worker's Lease has been held without a gap, in ms; 0 where this worker may not write now. */
  heldMs(): number
  /** Makes the Lease cover a write that takes as long as the API server lets any write take (rule 7). */
  holdLongWrite(): Promise<LongWrite>
  /** A write got no answer, and may still take effect within that time: fences wait for it (rule 7). */
  unanswered(withinMs: number): void
  /** Waits until no attempt runs any more, then deletes the Lease. */
  stop(): Promise<void>
}

/** A worker id: the host's name as far as a Lease can carry it, and something random. */
export function newWorkerId(host: string): string {
  const name = host
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40)
  return `${name === '' ? 'worker' : name}-${randomBytes(4).toString('hex')}`
}

/** The server's deadline for a request about Leases. */
const requestSeconds = 4

/**
 * Takes this worker's Lease and keeps it (rule 7). Guarantees: a write is begun only within 10 s of the start of the
 * last successful renewal, a long one only where that renewal has announced it; and once the Lease has, or may have, expired, no attempt that ran then writes again, even
 * after a later renewal, because others may have taken its work over meanwhile: until all of them have ended,
 * `assertMayWrite` throws. An attempt calls `begin` first and `fence` after it.
 * Not guarded against: a machine whose clocks both stand still while the cluster's go on.
 */
export async function startPresence(options: PresenceOptions): Promise<RunningPresence> {
  const { connection, namespace, clock, log, stillWanted } = options
  const name = leaseName(options.worker)
  const way = { lane: 'vital', exempt: true, timeoutSeconds: requestSeconds } as const
  const cluster = createObjects((request) => connection.send({ ...request, ...way }), log)
  const attempts = createAttempts(() => renewing.wake(), clock)
  const renewing = keepRenewing({ cluster, namespace, name, attempts, stillWanted, clock, log })
  await renewing.first
  const observer = observeLeases(cluster, namespace)
  const assertMayWrite = () => assertHeld(name, renewing.ageMs(), attempts)
  const sweeping = keepSweeping({ cluster, observer, own: name, namespace, clock, log })
  return {
    worker: name,
    assertMayWrite,
    begin: (scope) => attempts.begin(scope),
    unanswered(withinMs) {
      attempts.unanswered(withinMs)
      if (withinMs <= shortWriteMs) return
      const release = renewing.horizon.extend()
      void clock.sleep(withinMs).then(release)
    },
    fence: (scope, fenceOptions) => waitForOthers({ observer, clock, own: name, attempts }, scope, fenceOptions),
    hasUnanswered: (scope) => attempts.hasUnanswered(scope),
    settle: (scope, settleOptions) => untilSettled({ attempts, clock }, scope, settleOptions),
    look: () => observer.look(),
    async holdLongWrite() {
      assertMayWrite()
      const release = renewing.horizon.extend()
      try {
        await untilCovered(renewing.horizon, { name, clock, assertMayWrite })
      } catch (thrown) {
        release()
        throw thrown
      }
      return {
        release,
        assertMayWrite() {
          assertMayWrite()
          if (!renewing.horizon.isLong()) throw noLease(name, 'it does not cover a long write')
        },
      }
    },
    heldMs: () => (renewing.ageMs() < writeWithinMs ? renewing.heldMs() : 0),
    async stop() {
      while (attempts.count() > 0) await clock.sleep(50)
      sweeping.abort()
      await renewing.stop()
    },
  }
}

/** The last renewal is younger than this when a write begins; with the server's first deadline for it that stays below 15 s. */
const writeWithinMs = 10_000

/** A write that takes effect within this time is covered by each Lease. */
const shortWriteMs = leaseSeconds * 1000 - writeWithinMs

function assertHeld(name: string, ageMs: number, attempts: Attempts): void {
  const lost = attempts.lostCount()
  if (ageMs < writeWithinMs && lost === 0) return
  const why =
    ageMs < writeWithinMs
      ? `it had expired, and ${lost} attempts from before have not ended yet`
      : ageMs === Infinity
        ? 'it is not held'
        : `its last renewal is ${Math.floor(ageMs / 1000)} s old`
  throw noLease(name, why)
}

function noLease(name: string, why: string): ApiError {
  return new ApiError({ code: 0, reason: 'NoLease', message: `this worker may not write: Lease ${name}: ${why}` })
}

const coverPollMs = 20

/** Waits for the renewal that announces a long write; throws once this worker may not write at all. */
async function untilCovered(
  horizon: Horizon,
  { name, clock, assertMayWrite }: { name: string; clock: Clock; assertMayWrite: () => void },
): Promise<void> {
  const deadline = performance.now() + writeWithinMs
  while (!horizon.isLong()) {
    assertMayWrite()
    if (performance.now() > deadline) throw noLease(name, 'it could not be made to cover a long write')
    await clock.sleep(coverPollMs)
  }
}

/** What old Leases are removed with. */
interface Sweep {
  cluster: Pick<Cluster, 'remove'>
  observer: LeaseObserver
  /** The name of this worker's own Lease. */
  own: string
  namespace: string
  clock: Clock
  log: Log
}

const firstSweepMs = 20_000
const sweepEveryMs = 600_000
const sweepAgeMs = 3_600_000

/** Deletes Leases of workers that died long ago: seen expired, and an hour old by the wall clock. */
function keepSweeping(options: Sweep): AbortController {
  const stopped = new AbortController()
  const run = async (): Promise<void> => {
    for (let pause = firstSweepMs; ; pause = sweepEveryMs) {
      await sweep(options)
      await options.clock.sleep(pause, stopped.signal)
    }
  }
  run().catch((error: unknown) => {
    if (!stopped.signal.aborted) options.log.error('old Leases are no longer deleted', { error: String(error) })
  })
  return stopped
}

async function sweep({ cluster, observer, own, namespace, clock, log }: Sweep): Promise<void> {
  try {
    for (const { name, uid, resourceVersion, renewTime, expired } of await observer.look()) {
      const ageMs = clock.now().getTime() - Date.parse(renewTime)
      if (name === own || !expired || !(ageMs > sweepAgeMs)) continue
      log.info('the Lease of a worker that died long ago is deleted', { lease: name })
      await cluster.remove(leaseRef(namespace, name), { uid, resourceVersion })
    }
  } catch (error) {
    log.warn('old Leases could not be deleted', { error: String(error) })
  }
}
