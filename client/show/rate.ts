/** How fast items are restored. */
export interface Rate {
  itemsPerSecond: number
  /** Absent while nothing is restored, the total is not known, or it is too early to tell. */
  secondsLeft?: number
}

/** How far a restore is, for its rate. */
export interface Done {
  itemsDone: number
  itemsTotal: number
  /** Items of the current wave that are still to come; absent where that is not known. */
  waveLeft?: number
}

/** The rate is taken over this time: long enough not to jump, short enough to follow a wave of slow items. */
const windowMs = 15_000
/** No rate is told before this time, and no time left before this part of all items. */
const spanMsMin = 2000
const partMin = 0.01
/** So many items of a wave, in so much time, say how fast the rest of it will be. */
const waveItemsMin = 200
const waveMsMin = 3000

interface Sample {
  atMs: number
  done: number
}

/** The items per millisecond between two samples. */
const between = (from: Sample, to: Sample): number => (to.done - from.done) / (to.atMs - from.atMs)

/**
 * Returns a function that takes the time and how far the restore is, and returns the rate of the last seconds, and the time that
 * is left. It begins with the first item, since the restore is planned before it.
 *
 * Waves have kinds of their own, and some kinds take longer. So the rest of the current wave is expected to go on as that wave
 * has gone so far, and the waves to come as the restore as a whole. The rate of the last seconds would tell of a slow wave that
 * the whole rest is as slow.
 */
export function createRateMeter(): (atMs: number, done: Done) => Rate {
  let samples: Sample[] = []
  let first: Sample | undefined
  let wave: Sample | undefined
  let waveLeftBefore = 0
  return (atMs, { itemsDone: done, itemsTotal: total, waveLeft = 0 }) => {
    const last = samples.at(-1)
    if (done === 0 || (last !== undefined && done < last.done)) [samples, first, wave] = [[], undefined, undefined]
    const now = { atMs, done }
    first ??= now
    // A wave that has more left than before is another one. It began when the one before was last seen.
    if (wave === undefined || waveLeft > waveLeftBefore) wave = last ?? now
    waveLeftBefore = waveLeft
    samples = [...samples.filter((sample) => atMs - sample.atMs <= windowMs), now]
    const [oldest = now] = samples
    if (atMs - oldest.atMs < spanMsMin || done === oldest.done) return { itemsPerSecond: 0 }
    const itemsPerSecond = between(oldest, now) * 1000
    if (total <= done || done - first.done < total * partMin) return { itemsPerSecond }
    const inWave = Math.min(waveLeft, total - done)
    const whole = between(first, now)
    const isKnown = atMs - wave.atMs >= waveMsMin && done - wave.done >= waveItemsMin
    const ofWave = isKnown ? between(wave, now) : whole
    return { itemsPerSecond, secondsLeft: (inWave / ofWave + (total - done - inWave) / whole) / 1000 }
  }
}
