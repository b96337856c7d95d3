import { randomBytes } from 'node:crypto'
import type { Clock, Log, Presence } from '../../activities/ports.ts'
import { ApiError, isNotFound } from '../../core/port-errors.ts'
import { createAttempts, type Attempts } from './attempts.ts'
import type { ClusterConnection } from '../cluster/connect.ts'
import { sightLeases, waitForOthers, type FenceContext } from './fence.ts'
import { createLeaseSightings } from './lease-sightings.ts'
import { keepRenewing } from './renew-lease.ts'
import { leaseName, leaseRef } from './worker-lease.ts'
import { objectPath } from '../cluster/resource-path.ts'

export interface PresenceOptions {
  connection: ClusterConnection
  /** The Velero namespace. */
  namespace: string
  /** The worker's id, unique for each process: see {@link newWorkerId}. */
  worker: string
  log: Log
  clock: Clock
  /** Must succeed for a renewal. A worker cut off from Temporal loses its Lease, since its work is given to others. */
  stillWanted?: (() => Promise<void>) | undefined
}

/** The port, and its end. */
export interface RunningPresence extends Presence {
  /** Waits until no attempt runs any more, then gives the Lease back. */
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

/**
 * Takes this worker's Lease and keeps it (rule 7). Guarantees: a write is begun only within 10 s of the start of the
 * last successful renewal; and once the Lease has, or may have, run out, no attempt that ran then writes again, even
 * after a later renewal, because others may have taken its work over meanwhile: until all of them have ended,
 * `assertMayWrite` throws. An attempt calls `begin` first and `fence` after it.
 * Not guarded against: a machine whose clocks both stand still while the cluster's go on.
 */
export async function startPresence(options: PresenceOptions): Promise<RunningPresence> {
  const name = leaseName(options.worker)
  const attempts = createAttempts(() => renewing.wake())
  const renewing = keepRenewing({ ...options, name, attempts })
  await renewing.first
  const context: FenceContext = {
    connection: options.connection,
    clock: options.clock,
    namespace: options.namespace,
    own: name,
    attempts,
    sightings: createLeaseSightings(),
  }
  const sweeping = keepSweeping(options, context)
  return {
    worker: name,
    assertMayWrite: () => assertMayWrite(name, renewing.ageMs(), attempts),
    begin: (scope) => attempts.begin(scope),
    fence: (scope, fenceOptions) => waitForOthers(context, scope, fenceOptions),
    async stop() {
      while (attempts.count() > 0) await options.clock.sleep(50)
      sweeping.abort()
      await renewing.stop()
    },
  }
}

/** The last renewal is younger than this when a write begins; with the server's deadline for it that stays below 15 s. */
const writeWithinMs = 10_000

function assertMayWrite(name: string, ageMs: number, attempts: Attempts): void {
  const lost = attempts.lostCount()
  if (ageMs < writeWithinMs && lost === 0) return
  const why =
    ageMs < writeWithinMs
      ? `it had run out, and ${lost} attempts from before have not ended yet`
      : ageMs === Infinity
        ? 'it is not held'
        : `its last renewal is ${Math.floor(ageMs / 1000)} s old`
  throw new ApiError({ code: 0, reason: 'NoLease', message: `this worker may not write: Lease ${name}: ${why}` })
}

const firstSweepMs = 20_000
const sweepEveryMs = 600_000
const sweepAgeSeconds = 3_600

/** Deletes Leases of workers that died long ago: seen twice without a change, and an hour old by the wall clock. */
function keepSweeping(options: PresenceOptions, context: FenceContext): AbortController {
  const stopped = new AbortController()
  const run = async (): Promise<void> => {
    for (let pause = firstSweepMs; ; pause = sweepEveryMs) {
      await sweep(options, context)
      await options.clock.sleep(pause, stopped.signal)
    }
  }
  run().catch((error: unknown) => {
    if (!stopped.signal.aborted) options.log.error('old Leases are no longer swept', { error: String(error) })
  })
  return stopped
}

async function sweep({ connection, namespace, log }: PresenceOptions, context: FenceContext): Promise<void> {
  try {
    for (const { lease, sighting } of await sightLeases(context)) {
      if (!sighting.expired || !(sighting.ageSeconds > sweepAgeSeconds)) continue
      log.info('the Lease of a worker that is long gone is deleted', { lease: lease.name })
      await connection.send({
        method: 'DELETE',
        path: objectPath(leaseRef(namespace, lease.name)),
        lane: 'vital',
        exempt: true,
        body: {
          kind: 'DeleteOptions',
          apiVersion: 'v1',
          preconditions: { uid: lease.uid, resourceVersion: lease.resourceVersion },
        },
      })
    }
  } catch (error) {
    if (!isNotFound(error)) log.warn('old Leases could not be swept', { error: String(error) })
  }
}
