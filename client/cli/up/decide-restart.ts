/** How a program that is to run always has ended by itself. */
export interface Death {
  /** How long it had run. */
  livedMs: number
  /** How many times in a row it had ended soon before this time. */
  failedStarts: number
}

/** A program that ran for less than this did not really start. */
const soonMs = 10_000
const failedStartsMax = 5
const firstPauseMs = 1000
const pauseMsMax = 30_000

/**
 * Whether to start a program again that has ended by itself, and after which pause. One that has run starts again after a second.
 * One that ends soon after each start is given up at the fifth time, with longer pauses before.
 */
export function decideRestart({
  livedMs,
  failedStarts,
}: Death): { do: 'restart'; afterMs: number; failedStarts: number } | { do: 'give-up' } {
  if (livedMs >= soonMs) return { do: 'restart', afterMs: firstPauseMs, failedStarts: 0 }
  const failed = failedStarts + 1
  if (failed >= failedStartsMax) return { do: 'give-up' }
  return { do: 'restart', afterMs: Math.min(firstPauseMs * 2 ** (failed - 1), pauseMsMax), failedStarts: failed }
}
