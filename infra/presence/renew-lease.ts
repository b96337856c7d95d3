import { randomUUID } from 'node:crypto'
import type { Manifest } from '../../velero/manifest.ts'
import { ApiError, isAlreadyExists, isConflict, isNotFound } from '../../core/port-errors.ts'
import type { Attempts } from './attempts.ts'
import type { PresenceOptions } from './presence.ts'
import { collectionPath, objectPath } from '../cluster/resource-path.ts'
import { buildLease, buildRenewal, leaseRef, leases, readLease, type Renewal } from './worker-lease.ts'

export interface RenewalOptions extends PresenceOptions {
  name: string
  attempts: Attempts
}

export interface Renewing {
  /** The first success or failure; after a failure nothing goes on. */
  first: Promise<void>
  /** How long ago the last successful renewal was begun. */
  ageMs(): number
  /** The list of attempts has changed: renew soon. */
  wake(): void
  /** Ends the renewals and deletes the Lease. */
  stop(): Promise<void>
}

const renewEveryMs = 5_000
const retryMs = 1_000
const coalesceMs = 200
const requestSeconds = 4
/** A little below the Lease's 15 s, for clocks that run at slightly different speeds. */
const lapseMs = 14_000

/** Renews the Lease until it is stopped. */
export function keepRenewing(options: RenewalOptions): Renewing {
  const lease = leaseRenewer(options)
  const stopped = new AbortController()
  const turns = createTurns(options, stopped.signal)
  let renewedAt: Moment | undefined

  async function renewOnce(): Promise<void> {
    turns.begin()
    await bounded(options.stillWanted?.(), requestSeconds * 1000)
    const startedAt = moment()
    const continued = await lease.renew({ now: options.clock.now(), scopes: options.attempts.liveScopes() })
    if (renewedAt !== undefined && (!continued || elapsedMs(renewedAt) > lapseMs)) noteLapse(options)
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
  log.warn('the Lease had run out; attempts from before may not write any more', { lease: name, attempts: lost })
}

interface LeaseRenewer {
  /** False where the Lease was gone and had to be made anew. */
  renew(renewal: Omit<Renewal, 'holder'>): Promise<boolean>
  giveBack(): Promise<void>
}

function leaseRenewer({ connection, namespace, name, log }: RenewalOptions): LeaseRenewer {
  const holder = randomUUID()
  const path = objectPath(leaseRef(namespace, name))
  const way = {
    lane: 'vital',
    exempt: true,
    timeoutSeconds: requestSeconds,
    query: { fieldManager: 'drydock' },
  } as const
  let uid: string | undefined

  async function create(renewal: Renewal): Promise<void> {
    const request = { ...way, method: 'POST', path: collectionPath(leases, namespace) } as const
    try {
      uid = readLease((await connection.send({ ...request, body: buildLease(name, renewal) })) as Manifest).uid
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      const there = readLease((await connection.send({ ...way, query: {}, method: 'GET', path })) as Manifest)
      if (there.holder !== holder) throw notUnique(name, error)
      // A create of ours whose answer was lost: as a renewal it is too old to count.
      uid = there.uid
      await patch(renewal, uid)
    }
  }

  async function patch(renewal: Renewal, ofUid: string): Promise<void> {
    const { metadata, spec } = buildRenewal(renewal)
    const body = { metadata: { ...metadata, uid: ofUid }, spec }
    await connection.send({ ...way, method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
  }

  return {
    async renew(values) {
      const renewal = { ...values, holder }
      if (uid === undefined) {
        await create(renewal)
        return false
      }
      try {
        await patch(renewal, uid)
        return true
      } catch (error) {
        if (!isNotFound(error) && !isConflict(error)) throw error
        log.warn('the Lease of this worker is gone and is made anew', { lease: name })
        uid = undefined
        await create(renewal)
        return false
      }
    },
    async giveBack() {
      if (uid === undefined) return
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid } }
      try {
        await connection.send({ ...way, query: {}, method: 'DELETE', path, body })
      } catch (error) {
        if (!isNotFound(error)) log.warn('the Lease could not be deleted', { lease: name, error: String(error) })
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
