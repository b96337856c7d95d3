/** The attempts that run in this process, in the order in which they began. */
export interface Attempts {
  begin(scope: string): () => void
  /** Scopes that may still be written to: those of attempts that were not lost, or all while a long write is under way. */
  scopes(longWrites: boolean): string[]
  /** From now on nothing that runs here may write until it has ended: the Lease had run out under it. */
  loseAll(): number
  /** How many lost ones have not ended. */
  lostCount(): number
  count(): number
  /**
   * Takes the newest unclaimed attempt of the scope as the caller's and tells the earlier ones of it that still run.
   * A scope that ends in `/` stands for all below it, and none of those is the caller's.
   */
  earlierThanMine(scope: string): () => number
}

interface Attempt {
  scope: string
  lost: boolean
  fenced: boolean
}

/** Keeps the attempts that run in this process. `onChange` is called when one begins or ends. */
export function createAttempts(onChange: () => void): Attempts {
  const running = new Set<Attempt>()
  const countLost = (): number => [...running].filter(({ lost }) => lost).length
  return {
    begin(scope) {
      const attempt = { scope, lost: false, fenced: false }
      running.add(attempt)
      onChange()
      return () => {
        if (running.delete(attempt)) onChange()
      }
    },
    scopes: (longWrites) => [...running].filter(({ lost }) => longWrites || !lost).map(({ scope }) => scope),
    loseAll() {
      for (const attempt of running) attempt.lost = true
      return running.size
    },
    lostCount: countLost,
    count: () => running.size,
    earlierThanMine(scope) {
      const whole = scope.endsWith('/')
      const same = [...running].filter((attempt) => (whole ? attempt.scope.startsWith(scope) : attempt.scope === scope))
      const mine = whole ? undefined : same.findLast(({ fenced }) => !fenced)
      if (mine !== undefined) mine.fenced = true
      const earlier = mine === undefined ? same : same.slice(0, same.indexOf(mine))
      return () => earlier.filter((attempt) => running.has(attempt)).length
    },
  }
}
