/** Numbers that follow from a seed and a place alone, so that leaving out one disturbance does not change all that follows. */
export interface Chance {
  /** From 0 to below 1, for the n-th decision of that kind. */
  at: (kind: string, n: number) => number
}

/** Makes the numbers of a seed. */
export function chanceOf(seed: number): Chance {
  return { at: (kind, n) => mix(`${seed}|${kind}|${n}`) }
}

/** FNV-1a, and the finish of MurmurHash3, which spreads its last bits. */
function mix(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}

/** A whole number from `least` to below `end`. */
export function between(chance: number, least: number, end: number): number {
  return least + Math.floor(chance * (end - least))
}

/** One of these. */
export function oneOf<T>(chance: number, of: readonly T[]): T {
  const found = of[between(chance, 0, of.length)]
  if (found === undefined) throw new Error('there is nothing to choose from')
  return found
}
