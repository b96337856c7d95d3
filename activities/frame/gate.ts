import pLimit from 'p-limit'

/** Lets so many run at once, in the order of asking. */
export type Gate = <T>(work: () => Promise<T>) => Promise<T>

/** A gate for at most `max` at once. */
export function createGate(max: number): Gate {
  const limit = pLimit(max)
  return (work) => limit(work)
}
