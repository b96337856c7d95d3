/** How many items may be in flight at once, and what has led there. */
export interface ItemsInFlight {
  /** The setting: never more. */
  max: number
  limit: number
  /** Items since the last change that the API server took without a word about its load. */
  calm: number
  /** When the limit was lowered last, in milliseconds; absent where it never was. */
  loweredAtMs?: number
}

/** After the limit was lowered, refusals of requests that were sent before go on for so long: they lower it no further. */
const settleMs = 1_000

/** Begins with the setting itself: most API servers can take it. */
export function fullFlight(max: number): ItemsInFlight {
  return { max, limit: max, calm: 0 }
}

/**
 * The next limit after an item: half of it where the API server refused the item because of its load (429), and one more
 * after each `limit` items that it took. So it is near what the server takes, and others have their share of it.
 */
export function afterItem(flight: ItemsInFlight, { isOverload, nowMs }: ItemAnswer): ItemsInFlight {
  const { max, limit, calm, loweredAtMs = -Infinity } = flight
  if (isOverload) {
    if (nowMs - loweredAtMs < settleMs) return { ...flight, calm: 0 }
    return { max, limit: Math.max(1, Math.floor(limit / 2)), calm: 0, loweredAtMs: nowMs }
  }
  if (limit >= max) return flight
  return calm + 1 < limit ? { ...flight, calm: calm + 1 } : { ...flight, limit: limit + 1, calm: 0 }
}

/** What the API server's answer about an item says of its load, and when it came. */
export interface ItemAnswer {
  isOverload: boolean
  nowMs: number
}
