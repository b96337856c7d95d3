import { leaseSeconds, longLeaseSeconds } from './worker-lease.ts'

/** A write that may take as long as the API server lets any write take: the Lease says so before it is sent (rule 7). */
export interface LongWrite {
  /** Throws `ApiError` of reason `NoLease` where the Lease does not cover such a write now. Asked when it goes on the wire. */
  assertMayWrite(): void
  /** The write has ended. */
  release(): void
}

/** Until when writes that were begun under the Lease may land. */
export interface Horizon {
  /** Asks for a Lease that covers a long write, from the next renewal until the returned function is called. */
  extend(): () => void
  /** Whether the last renewal covers long writes, and each one that is on its way does. */
  isLong(): boolean
  /** Runs a renewal with the seconds that the Lease must last, and whether long writes are under way. */
  renewed<T>(renew: (seconds: number, long: boolean) => Promise<T>): Promise<T>
}

/**
 * Usual writes end within the 15 s that each Lease lasts, so they cost it nothing. Only while a long one is asked for
 * does each renewal let the Lease last longer. `wake` asks for a renewal soon.
 */
export function createHorizon(wake: () => void): Horizon {
  let longWrites = 0
  /** What the API server knows: of a renewal without an answer it is not known whether it was made. */
  let last: 'long' | 'short' | 'unknown' = 'short'
  const isLong = () => last === 'long'
  return {
    extend() {
      longWrites++
      if (!isLong()) wake()
      let released = false
      return () => {
        if (!released) longWrites--
        released = true
      }
    },
    isLong,
    async renewed(renew) {
      const long = longWrites > 0
      if (!long) last = 'unknown'
      const renewal = await renew(long ? longLeaseSeconds : leaseSeconds, long)
      last = long ? 'long' : 'short'
      return renewal
    },
  }
}
