/** How fast items are restored. */
export interface Pace {
  itemsPerSecond: number
  /** Absent while nothing moves or the total is not known. */
  secondsLeft?: number
}

/** The time over which the rate is taken: long enough to be calm, short enough to notice a wave of slow items. */
const windowMs = 15_000

/** Watches counts go by and says how fast they grow. A count that goes back (another run) begins anew. */
export function createPace(): (atMs: number, done: number, total: number) => Pace {
  let seen: { atMs: number; done: number }[] = []
  return (atMs, done, total) => {
    if (done < (seen.at(-1)?.done ?? 0)) seen = []
    seen = [...seen.filter((sample) => atMs - sample.atMs <= windowMs), { atMs, done }]
    const [first] = seen
    const seconds = first === undefined ? 0 : (atMs - first.atMs) / 1000
    const itemsPerSecond = first === undefined || seconds === 0 ? 0 : (done - first.done) / seconds
    if (itemsPerSecond === 0 || total <= done) return { itemsPerSecond }
    return { itemsPerSecond, secondsLeft: (total - done) / itemsPerSecond }
  }
}
