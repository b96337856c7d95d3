import type { Cluster } from '../../activities/ports.ts'
import { leaseLabelSelector, leases, readLease, type WorkerLease } from './worker-lease.ts'

/** A worker's Lease as this process sees it. */
export interface SeenLease extends WorkerLease {
  /** The worker cannot write any more: it has not renewed for the Lease's whole length. */
  expired: boolean
  /** Until it expires, unless it is renewed; 0 once it has. */
  secondsLeft: number
}

/** Reads the Leases of all workers and remembers since when each has stood unchanged. */
export interface LeaseObserver {
  look(): Promise<SeenLease[]>
}

/**
 * Whether a Lease has expired is told only by how long this process has seen it unchanged, never by the time in it: the
 * clocks of two machines may differ by any amount. So a Lease that is seen for the first time counts as valid.
 */
export function observeLeases(cluster: Pick<Cluster, 'list'>, namespace: string): LeaseObserver {
  let known = new Map<string, { state: string; sinceMs: number }>()
  return {
    async look() {
      const askedAtMs = performance.now()
      const manifests = await cluster.list(leases, { namespace, labelSelector: leaseLabelSelector })
      const cameAtMs = performance.now()
      const next: typeof known = new Map()
      const seen = manifests.map((manifest): SeenLease => {
        const lease = readLease(manifest)
        const state = `${lease.uid}/${lease.resourceVersion}/${lease.renewTime}`
        const before = known.get(lease.name)
        const sinceMs = before?.state === state ? before.sinceMs : cameAtMs
        next.set(lease.name, { state, sinceMs })
        // The list shows the moment when it was asked for, even where this process slept before it read the answer.
        const secondsLeft = lease.seconds - (askedAtMs - sinceMs) / 1000
        return { ...lease, expired: secondsLeft <= 0, secondsLeft: Math.max(0, secondsLeft) }
      })
      known = next
      return seen
    },
  }
}
