import type { Cluster } from '../../../activities/ports.ts'
import { isAlreadyExists, isConflict } from '../../../core/port-errors.ts'
import { sha256Hex } from '../../../core/values/derived-names.ts'

/** Which of several conditional writes of a key is the one. */
export interface WriteClaim {
  /** What that write is known by. */
  token: string
  /** The uid of the Lease. */
  uid: string
}

/** A key of the bucket, and the Restore to which its object belongs. */
export interface ClaimedKey {
  /** With the location's prefix. */
  full: string
  owner?: { restore: string; uid: string } | undefined
}

/** Decides by Leases in the cluster which write of a key is the first one (decision 15). */
export interface WriteClaims {
  /** Claims a key for the write of that token, unless another one has it. Returns the claim that stands then. */
  take(key: ClaimedKey, token: string): Promise<WriteClaim>
  /** Gives up a key: that claim of it, or any. */
  drop(key: ClaimedKey, claim?: WriteClaim): Promise<void>
}

const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' } as const

/** A Lease that is gone at each second look is trouble, not a race. */
const triesMax = 5

/**
 * Keeps claims as Leases in Velero's namespace. The create of an object is the one write that only one of several workers
 * succeeds with. A Lease of a journal belongs to its Restore, so that Kubernetes removes it together with that. Throws
 * `ApiError`s.
 */
export function createWriteClaims(cluster: Pick<Cluster, 'create' | 'get' | 'remove'>, namespace: string): WriteClaims {
  const refOf = ({ full }: ClaimedKey) => ({
    ...leases,
    namespace,
    name: `drydock-once-${sha256Hex(full).slice(0, 40)}`,
  })
  return {
    async take(key, token) {
      const ref = refOf(key)
      for (let tries = 1; ; tries++) {
        try {
          const made = await cluster.create(leases, namespace, leaseOf(ref, key, token), { fieldManager: 'drydock' })
          return { token, uid: made.metadata.uid ?? '' }
        } catch (thrown) {
          if (!isAlreadyExists(thrown)) throw thrown
          const live = await cluster.get(ref)
          const holder = (live?.['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity
          if (live !== undefined && holder !== undefined) return { token: holder, uid: live.metadata.uid ?? '' }
          if (tries >= triesMax) throw thrown
        }
      }
    },
    async drop(key, claim) {
      await cluster.remove(refOf(key), claim === undefined ? {} : { uid: claim.uid }).catch((thrown: unknown) => {
        // Another Lease stands there by now.
        if (!isConflict(thrown)) throw thrown
      })
    },
  }
}

function leaseOf(
  { namespace, name }: { namespace: string; name: string },
  { full, owner }: ClaimedKey,
  token: string,
): object {
  const ownerReferences =
    owner === undefined ? [] : [{ apiVersion: 'velero.io/v1', kind: 'Restore', name: owner.restore, uid: owner.uid }]
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, annotations: { 'drydock.io/key': full }, ownerReferences },
    spec: { holderIdentity: token },
  }
}
