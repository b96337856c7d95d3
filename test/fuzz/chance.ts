/** Numbers that follow from a seed: the same cases each time. */
export interface Dice {
  /** A whole number from 0 to below `end`. */
  below: (end: number) => number
  /** One of these. */
  oneOf: <T>(all: readonly T[]) => T
}

/** Makes the numbers of one case (Mulberry32). */
export function diceOf(seed: number, number: number): Dice {
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)) >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number): number => Math.floor(next() * end)
  return {
    below,
    oneOf(all) {
      const found = all[below(all.length)]
      if (found === undefined) throw new Error('there is nothing to choose from')
      return found
    },
  }
}
