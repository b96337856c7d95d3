import { leaseSeconds, type WorkerLease } from './worker-lease.ts'

/**
 * When this process first saw each Lease as it stands. Whether a Lease has run out is told by that alone, since the
 * clocks of machines differ: a worker renews while it can write, so one that did not for the Lease's whole length cannot.
 */
export interface LeaseSightings {
  /** Takes in a list that was asked for at `askedAt` and had come at `cameAt`, by the monotonic clock, in ms. */
  see(lease: WorkerLease, times: SightingTimes): Sighting
  /** Forgets the Leases that are gone. */
  keepOnly(names: ReadonlySet<string>): void
}

export interface SightingTimes {
  askedAt: number
  cameAt: number
  /** Wall clock, to recognise a Lease that ran out long ago. */
  now: Date
}

export interface Sighting {
  expired: boolean
  secondsLeft: number
  /** How old its renewal is by the wall clock, in seconds. */
  ageSeconds: number
}

/** More than clocks of one cluster's machines ever differ. */
const skewSeconds = 60

export function createLeaseSightings(): LeaseSightings {
  const seen = new Map<string, { state: string; since: number; longDead: boolean }>()
  return {
    see(lease, { askedAt, cameAt, now }) {
      const state = `${lease.uid}/${lease.resourceVersion}/${lease.renewTime}`
      const ageSeconds = (now.getTime() - Date.parse(lease.renewTime)) / 1000
      let held = seen.get(lease.name)
      if (held?.state !== state) {
        held = { state, since: cameAt, longDead: ageSeconds > leaseSeconds + skewSeconds }
        seen.set(lease.name, held)
      }
      // The list shows the past as of when it was asked for, even where this process slept over its answer.
      const secondsLeft = held.longDead ? 0 : leaseSeconds - (askedAt - held.since) / 1000
      return { expired: secondsLeft <= 0, secondsLeft: Math.max(0, secondsLeft), ageSeconds }
    },
    keepOnly(names) {
      for (const name of seen.keys()) if (!names.has(name)) seen.delete(name)
    },
  }
}
