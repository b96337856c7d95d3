/** How many items may be in flight at once, and what has led there. */
export interface ItemsInFlight {
  /** The setting: never more. */
  max: number
  limit: number
  /** Items since the last change that the API server took without a word about its load. */
  calm: number
  /** When the limit was lowered last, in milliseconds; absent where it never was. */
  loweredAtMs?: number
  /** How long a read takes that has to wait for nobody, in milliseconds; absent before the first one. */
  quietMs?: number
  /** How many of the last reads, one after the other, took far longer. */
  slowReads?: number
}

/** After the limit was lowered, refusals of requests that were sent before go on for so long: they lower it no further. */
const settleMs = 1_000

/** Begins with the setting itself: most API servers can take it. */
export function fullFlight(max: number): ItemsInFlight {
  return { max, limit: max, calm: 0 }
}

/**
 * The next limit after an item: half of it where the API server refused the item because of its load (429), and one more
 * after each `limit` items that it took, unless reads are slow. So it is near what the server takes, and others have their
 * share of it.
 */
export function afterItem(flight: ItemsInFlight, { isOverload, nowMs }: ItemAnswer): ItemsInFlight {
  const { max, limit, calm, slowReads = 0 } = flight
  if (isOverload) return lowered(flight, 1, nowMs)
  if (limit >= max || slowReads > 0) return flight
  return calm + 1 < limit ? { ...flight, calm: calm + 1 } : { ...flight, limit: limit + 1, calm: 0 }
}

/** What the API server's answer about an item says of its load, and when it came. */
export interface ItemAnswer {
  isOverload: boolean
  nowMs: number
}

/** A read is slow that takes more than four times as long as a quiet one, and this on top. */
const slackMs = 250
/** A single slow read may be chance. */
const slowReadsMax = 2
/** With so few items in flight it is others who are slow: what counts as quiet follows them slowly. */
const leastPart = 1 / 8
const quietGrowth = 1.02

/**
 * The next limit after a small read that has nothing to do with a restore: half of it where two in a row were slow, down to an
 * eighth of the setting. Items themselves are no measure: one that waits for a webhook is slow where the API server is idle, and
 * fewer at once would make it slower. `ms` is how long the read took; `Infinity` where there was no answer.
 */
export function afterLook(flight: ItemsInFlight, { ms, nowMs }: { ms: number; nowMs: number }): ItemsInFlight {
  const { max, limit, quietMs = ms, slowReads = 0 } = flight
  const least = Math.max(1, Math.floor(max * leastPart))
  const quiet = Math.min(ms, limit <= least ? quietMs * quietGrowth : quietMs)
  const seen = quiet === Infinity ? flight : { ...flight, quietMs: quiet }
  if (ms <= 4 * quietMs + slackMs) return slowReads === 0 ? seen : { ...seen, slowReads: 0 }
  if (slowReads + 1 < slowReadsMax) return { ...seen, slowReads: slowReads + 1 }
  return { ...lowered(seen, Math.min(limit, least), nowMs), slowReads: slowReadsMax - 1 }
}

/** Half of the limit, unless that was done a moment ago. */
function lowered(flight: ItemsInFlight, least: number, nowMs: number): ItemsInFlight {
  const { limit, loweredAtMs = -Infinity } = flight
  if (nowMs - loweredAtMs < settleMs) return { ...flight, calm: 0 }
  return { ...flight, limit: Math.max(least, Math.floor(limit / 2)), calm: 0, loweredAtMs: nowMs }
}

/**
 * Which of the restores that wait for a place gets the next one: the one that has the fewest, and of several such the one
 * that stands first. So a small restore need not wait behind all that a large one has in line. Undefined where none waits.
 */
export function nextInLine(waiting: Iterable<string>, held: ReadonlyMap<string, number>): string | undefined {
  let [next, fewest]: [string | undefined, number] = [undefined, Infinity]
  for (const restore of waiting) {
    const places = held.get(restore) ?? 0
    if (places < fewest) [next, fewest] = [restore, places]
  }
  return next
}
