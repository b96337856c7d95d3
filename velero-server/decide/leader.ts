import type { Manifest } from '../../velero/manifest.ts'

/** A worker's Lease as it is seen by another. */
export interface SeenWorker {
  name: string
  /** By the API server's clock, RFC 3339 in seconds. */
  createdAt: string
  /** It has not been renewed for its whole length: that worker can write no more. */
  expired: boolean
}

/**
 * Within this time every other worker has seen a Lease, or has stopped leading because it could not look: at most 5 s from
 * the start of the renewal until the server has it, and 13 s until a leader that cannot look stops.
 */
const settledMs = 20_000

/**
 * Whether worker `me` is the leader: of all workers whose Lease is valid, it has the oldest one. A worker that has just
 * got its Lease, or got it back (`heldMs` is the time since), waits 20 s unless it is alone: until then a younger one
 * may lead that has not seen it yet.
 */
export function isLeader(me: string, workers: readonly SeenWorker[], heldMs: number): boolean {
  const mine = workers.find(({ name }) => name === me)
  if (mine === undefined || heldMs === 0) return false
  const others = workers.filter(({ name, expired }) => name !== me && !expired)
  if (others.some((other) => isOlder(other, mine))) return false
  return others.length === 0 || heldMs >= settledMs
}

function isOlder(a: SeenWorker, b: SeenWorker): boolean {
  return a.createdAt === b.createdAt ? a.name < b.name : a.createdAt < b.createdAt
}

/** What the owner of the worker says about a Velero server: `auto` looks at Deployment `velero`. */
export type VeleroSetting = 'auto' | 'present' | 'absent'

/** Whether a Velero server does its own work in this cluster, so that nothing of it is done twice. */
export function isVeleroPresent(setting: VeleroSetting, deployment: Manifest | undefined): boolean {
  switch (setting) {
    case 'present':
      return true
    case 'absent':
      return false
    case 'auto':
      return ((deployment?.['status'] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0) > 0
  }
}
