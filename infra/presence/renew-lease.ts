import { randomUUID } from 'node:crypto'
import type { Clock, Cluster, Log } from '../../activities/ports.ts'
import { ApiError, isAlreadyExists, isConflict, isNotFound } from '../../core/port-errors.ts'
import type { Attempts } from './attempts.ts'
import { createHorizon, type Horizon } from './write-horizon.ts'
import { buildLease, buildRenewal, leaseRef, leases, readLease, type Renewal } from './worker-lease.ts'

/** What a Lease is kept with. */
export interface RenewalOptions {
  /** Requests that rule 7 does not hold for, and that never wait behind others. */
  cluster: Pick<Cluster, 'get' | 'create' | 'patch' | 'remove'>
  namespace: string
  /** The Lease's name. */
  name: string
  attempts: Attempts
  /** Must succeed for a renewal, within four seconds. */
  stillWanted?: (() => Promise<void>) | undefined
  clock: Clock
  log: Log
}

export interface Renewing {
  /** The first success or failure; after a failure nothing goes on. */
  first: Promise<void>
  /** How long ago the last successful renewal was begun, in ms; `Infinity` where there is none. */
  ageMs(): number
  /** For how long the Lease has been held without a gap, in ms. */
  heldMs(): number
  /** Which writes the Lease covers. */
  horizon: Horizon
  /** The list of attempts has changed: renew soon. */
  wake(): void
  /** Ends the renewals and deletes the Lease. */
  stop(): Promise<void>
}

const renewEveryMs = 5_000
const retryMs = 1_000
const coalesceMs = 200
const checkMs = 4_000
/** A little below the Lease's 15 s, for clocks that run at slightly different speeds. */
const lapseMs = 14_000

/** Renews the Lease until it is stopped. */
export function keepRenewing(options: RenewalOptions): Renewing {
  const lease = leaseRenewer(options)
  const stopped = new AbortController()
  const turns = createTurns(options, stopped.signal)
  const horizon = createHorizon(() => turns.wake())
  let renewedAt: Moment | undefined
  let heldSince: Moment | undefined

  async function renewOnce(): Promise<void> {
    turns.begin()
    await bounded(options.stillWanted?.(), checkMs)
    const startedAt = moment()
    const continued = await horizon.renewed((leaseSeconds, long) =>
      lease.renew({ now: options.clock.now(), scopes: options.attempts.scopes(long), leaseSeconds }),
    )
    const lapsed = renewedAt !== undefined && (!continued || elapsedMs(renewedAt) > lapseMs)
    if (lapsed) noteLapse(options)
    if (lapsed || heldSince === undefined) heldSince = startedAt
    renewedAt = startedAt
  }

  async function run(): Promise<void> {
    for (let delay = renewEveryMs; ;) {
      await turns.wait(delay)
      if (stopped.signal.aborted) return
      try {
        await renewOnce()
        delay = renewEveryMs
      } catch (error) {
        delay = retryMs
        options.log.warn('the Lease could not be renewed', { lease: options.name, error: String(error) })
      }
    }
  }

  let running: Promise<void> = Promise.resolve()
  const first = renewOnce().then(() => {
    running = run()
  })
  return {
    first,
    ageMs: () => (renewedAt === undefined ? Infinity : elapsedMs(renewedAt)),
    heldMs: () => (heldSince === undefined ? 0 : performance.now() - heldSince.monotonic),
    horizon,
    wake: () => turns.wake(),
    async stop() {
      stopped.abort()
      await running
      renewedAt = undefined
      await lease.giveBack()
    },
  }
}

interface Turns {
  begin(): void
  /** Waits for the next turn, but not much longer once the list of attempts has changed. */
  wait(delay: number): Promise<void>
  wake(): void
}

function createTurns({ clock }: RenewalOptions, stopped: AbortSignal): Turns {
  let begunAt = 0
  let changed = false
  let waking: AbortController | undefined

  async function sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await clock.sleep(ms, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  return {
    begin() {
      begunAt = performance.now()
      changed = false
    },
    async wait(delay) {
      if (!changed) {
        waking = new AbortController()
        await sleep(delay, AbortSignal.any([waking.signal, stopped]))
        waking = undefined
      }
      if (!changed) return
      const apart = delay === retryMs ? retryMs : coalesceMs
      await sleep(Math.max(0, begunAt + apart - performance.now()), stopped)
    },
    wake() {
      changed = true
      waking?.abort()
    },
  }
}

function noteLapse({ name, attempts, log }: RenewalOptions): void {
  const lost = attempts.loseAll()
  log.warn('the Lease had expired; attempts from before may not write any more', { lease: name, attempts: lost })
}

interface LeaseRenewer {
  /** False where the Lease was gone and had to be created anew. */
  renew(renewal: Omit<Renewal, 'holder'>): Promise<boolean>
  giveBack(): Promise<void>
}

/** Creates, renews and deletes the one Lease that this process holds. */
function leaseRenewer({ cluster, namespace, name, log }: RenewalOptions): LeaseRenewer {
  const holder = randomUUID()
  const ref = leaseRef(namespace, name)
  const by = { fieldManager: 'drydock' }
  let uid: string | undefined

  async function create(renewal: Renewal): Promise<void> {
    try {
      uid = readLease(await cluster.create(leases, namespace, buildLease(name, renewal), by)).uid
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const found = await cluster.get(ref)
      const there = found && readLease(found)
      if (there?.holder !== holder) throw notUnique(name, error)
      // A create of ours whose answer was lost: as a renewal it is too old to count.
      uid = there.uid
      await patch(renewal, uid)
    }
  }

  async function patch(renewal: Renewal, ofUid: string): Promise<void> {
    const { metadata, spec } = buildRenewal(renewal)
    await cluster.patch(ref, { metadata: { ...metadata, uid: ofUid }, spec }, by)
  }

  return {
    async renew(values) {
      const renewal = { ...values, holder }
      try {
        if (uid !== undefined) {
          await patch(renewal, uid)
          return true
        }
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error
        log.warn('the Lease of this worker is gone and is created anew', { lease: name })
        uid = undefined
      }
      await create(renewal)
      return false
    },
    async giveBack() {
      if (uid === undefined) return
      try {
        await cluster.remove(ref, { uid })
      } catch (error) {
        log.warn('the Lease could not be deleted', { lease: name, error: String(error) })
      }
    },
  }
}

function notUnique(name: string, cause: unknown): ApiError {
  const message = `Lease ${name} belongs to another process; each worker needs an id of its own`
  return new ApiError({ code: 409, reason: 'AlreadyExists', message, cause })
}

interface Moment {
  monotonic: number
  wall: number
}

function moment(): Moment {
  return { monotonic: performance.now(), wall: Date.now() }
}

/** The longer of both clocks' spans: the monotonic one stands still while a machine sleeps, the other can be set back. */
function elapsedMs(since: Moment): number {
  return Math.max(performance.now() - since.monotonic, Date.now() - since.wall)
}

async function bounded(work: Promise<void> | undefined, ms: number): Promise<void> {
  if (work === undefined) return
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('the check whether this worker is still wanted took too long')), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
