/** How many items of polite restores may be in flight at once, and what the reads of others have shown. */
export interface PoliteFlight {
  /** Never more. */
  max: number
  limit: number
  /** Reads since the last change that took no longer than usual. */
  calm: number
  /** How long a read takes that has to wait for nobody, in milliseconds; absent before the first one. */
  quietMs?: number
}

/** The part of the items in flight that polite restores have, all together. */
const politePart = 1 / 4

/** Begins with a quarter of what the worker may have in flight. */
export function politeFlight(itemsInFlightMax: number): PoliteFlight {
  const max = Math.max(1, Math.floor(itemsInFlightMax * politePart))
  return { max, limit: max, calm: 0 }
}

/** A read is slow that takes more than twice as long as a quiet one, and this on top: below it nobody notices. */
const slackMs = 5
/** So many reads in a row that are not slow let one more item go out. */
const calmReads = 4
/** With one item in flight it is others who are slow: what counts as quiet follows them slowly. */
const quietGrowth = 1.02

/**
 * The next limit after a read that had nothing to do with a restore: half of it where the read was slow, and one more
 * after some that were not. `ms` is how long it took; `Infinity` where there was no answer.
 */
export function afterRead(flight: PoliteFlight, ms: number): PoliteFlight {
  const { max, limit, calm, quietMs } = flight
  if (quietMs === undefined) return ms === Infinity ? flight : { ...flight, quietMs: ms }
  const quiet = { quietMs: Math.min(ms, limit === 1 ? quietMs * quietGrowth : quietMs) }
  if (ms > 2 * quietMs + slackMs) return { max, limit: Math.max(1, Math.floor(limit / 2)), calm: 0, ...quiet }
  if (calm + 1 < calmReads) return { max, limit, calm: calm + 1, ...quiet }
  return { max, limit: Math.min(max, limit + 1), calm: 0, ...quiet }
}
