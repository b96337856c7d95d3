/** What was observed when the workflow of a restore was asked whether it holds its namespaces. */
export type ObservedHold =
  /** Its answer, and for how long this run has existed. */
  | { seen: 'answer'; state: 'none' | 'asked' | 'held'; ageMs: number }
  /** It is running and does not answer. */
  | { seen: 'no answer' }
  /** It has closed; `byForce` if it was terminated or timed out. */
  | { seen: 'closed'; byForce: boolean; sinceMs: number }

/**
 * How the restore counts. A presumed holder stays one until it requests, releases or closes, or until that time is
 * over.
 */
export type HoldVerdict = { as: 'holder' | 'waiting' | 'nothing' } | { as: 'presumed'; forMs?: number }

/**
 * For so long a restore counts as a holder after its workflow was ended by force. Its worker may still be writing until
 * its Lease expires (rule 7), and a watcher starts the workflow again soon.
 */
const endedByForceMs = 30_000

/** Decides whether a restore holds its namespaces. A restore that may still be writing counts as a holder (rule 9). */
export function judgeHold(hold: ObservedHold): HoldVerdict {
  switch (hold.seen) {
    case 'no answer':
      return { as: 'presumed' }
    case 'closed':
      return hold.byForce ? presumedFor(endedByForceMs - hold.sinceMs) : { as: 'nothing' }
    case 'answer':
      if (hold.state === 'held') return { as: 'holder' }
      if (hold.state === 'asked') return { as: 'waiting' }
      return presumedFor(endedByForceMs - hold.ageMs)
  }
}

function presumedFor(forMs: number): HoldVerdict {
  return forMs > 0 ? { as: 'presumed', forMs } : { as: 'nothing' }
}
