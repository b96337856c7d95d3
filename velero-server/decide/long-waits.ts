/** One thing that a restore waits for right now. */
export interface Wait {
  /** Unlike that of any other step of the restore. */
  step: string
  /** In words, for people. */
  reason: string
}

/** Waits as they were seen from one look to the next. */
export interface SeenWait extends Wait {
  sinceMs: number
  told: boolean
}

/** Shorter waits are not reported. */
export const longWaitMs = 60_000

/**
 * Brings what is known of a restore's waits up to what is seen now: the same wait goes on where step and reason are the
 * same but for their numbers, so that one that counts down is told once. `tell` are those that have just become long.
 */
export function followWaits(
  known: readonly SeenWait[],
  seen: readonly Wait[],
  nowMs: number,
): { known: SeenWait[]; tell: SeenWait[] } {
  const now = seen.map((wait): SeenWait => {
    const before = known.find((one) => one.step === wait.step && kindOf(one.reason) === kindOf(wait.reason))
    return before === undefined ? { ...wait, sinceMs: nowMs, told: false } : { ...before, reason: wait.reason }
  })
  const tell = now.filter((wait) => !wait.told && nowMs - wait.sinceMs >= longWaitMs)
  return { known: now.map((wait) => (tell.includes(wait) ? { ...wait, told: true } : wait)), tell }
}

function kindOf(reason: string): string {
  return reason.replaceAll(/\d+/g, '#')
}
