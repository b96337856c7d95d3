/** How fast items are restored. */
export interface Pace {
  itemsPerSecond: number
  /** Absent while nothing moves, the total is not known, or it is too early to tell. */
  secondsLeft?: number
}

/** The time over which the rate is taken: long enough to be calm, short enough to notice a wave of slow items. */
const windowMs = 15_000
/** Before this time, and before this part of the whole, it would be a guess. */
const spanMsMin = 2000
const partMin = 0.01

/** Watches counts go by and says how fast they grow: from the first item on, since the planning before it is no work done slowly. */
export function createPace(): (atMs: number, done: number, total: number) => Pace {
  let seen: { atMs: number; done: number }[] = []
  return (atMs, done, total) => {
    const last = seen.at(-1)
    if (done === 0 || (last !== undefined && done < last.done)) seen = []
    seen = [...seen.filter((sample) => atMs - sample.atMs <= windowMs), { atMs, done }]
    const [first] = seen
    if (first === undefined || atMs - first.atMs < spanMsMin || done === first.done) return { itemsPerSecond: 0 }
    const itemsPerSecond = ((done - first.done) / (atMs - first.atMs)) * 1000
    const early = done - first.done < total * partMin
    return total <= done || early
      ? { itemsPerSecond }
      : { itemsPerSecond, secondsLeft: (total - done) / itemsPerSecond }
  }
}
