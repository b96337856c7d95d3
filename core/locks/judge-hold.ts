/** What was seen of a restore in progress, by whom its workflow is asked what it holds. */
export type SeenHold =
  /** Its word, and for how long this run of it is there. */
  | { seen: 'word'; state: 'none' | 'asked' | 'held'; ageMs: number }
  /** It runs and does not answer. */
  | { seen: 'silence' }
  | { seen: 'closed'; byForce: boolean; sinceMs: number }

/** What it is taken for. Who is presumed to hold stays so until it asks, releases or closes, or that time is over. */
export type HoldVerdict = { as: 'holder' | 'waiting' | 'nothing' } | { as: 'presumed'; forMs?: number }

/**
 * What ended a workflow from outside may have left a write under way, which ends with its worker's Lease (rule 7); and
 * a watcher soon begins it anew: for so long it keeps its namespaces.
 */
const endedByForceMs = 30_000

/** Nobody who may still write is taken for one that does not (rule 9). */
export function judgeHold(hold: SeenHold): HoldVerdict {
  switch (hold.seen) {
    case 'silence':
      return { as: 'presumed' }
    case 'closed':
      return hold.byForce ? presumedFor(endedByForceMs - hold.sinceMs) : { as: 'nothing' }
    case 'word':
      if (hold.state === 'held') return { as: 'holder' }
      if (hold.state === 'asked') return { as: 'waiting' }
      return presumedFor(endedByForceMs - hold.ageMs)
  }
}

function presumedFor(forMs: number): HoldVerdict {
  return forMs > 0 ? { as: 'presumed', forMs } : { as: 'nothing' }
}
