import type { Clock, Presence } from '../../activities/ports.ts'

/** The attempts of this process that may still write, in the order in which they began. */
export interface Attempts {
  begin(scope: string): () => void
  /**
   * A write got no answer, and may still take effect within that time. It belongs to one of the attempts that run, so each of
   * them counts as one that may still write until then, also after it has ended.
   */
  unanswered(withinMs: number): void
  /** Whether a write of a running attempt of that scope got no answer, and may still take effect. */
  hasUnanswered(scope: string): boolean
  /** Scopes that may still be written to: those of attempts that were not lost, or all while a long write is under way. */
  scopes(longWrites: boolean): string[]
  /** From now on nothing that runs here may write until it has ended: the Lease had run out under it. */
  loseAll(): number
  /** How many lost ones may still write. */
  lostCount(): number
  count(): number
  /**
   * Takes the newest unclaimed attempt of the scope as the caller's and tells why an earlier one of it may still write;
   * nothing where none may. A scope that ends in `/` stands for all below it, and none of those is the caller's.
   */
  earlierThanMine(scope: string): () => string | undefined
}

const settlePollMs = 250

/** Waits until no write of the scope that got no answer may take effect any more. */
export async function untilSettled(
  { attempts, clock }: { attempts: Attempts; clock: Pick<Clock, 'sleep'> },
  scope: string,
  { signal, onWait }: Parameters<Presence['settle']>[1],
): Promise<void> {
  while (attempts.hasUnanswered(scope)) {
    onWait('a write that got no answer, and may still take effect')
    await clock.sleep(settlePollMs, signal)
  }
}

interface Attempt {
  scope: string
  lost: boolean
  fenced: boolean
  ended: boolean
  /** Writes without an answer that may still take effect. */
  unanswered: number
}

/** Keeps the attempts of this process. `onChange` is called when one begins, or may write no more. */
export function createAttempts(onChange: () => void, clock: Pick<Clock, 'sleep'>): Attempts {
  const running = new Set<Attempt>()
  const leaveIfOver = (attempt: Attempt): void => {
    if (attempt.ended && attempt.unanswered === 0 && running.delete(attempt)) onChange()
  }
  const countLost = (): number => [...running].filter(({ lost }) => lost).length
  return {
    begin(scope) {
      const attempt: Attempt = { scope, lost: false, fenced: false, ended: false, unanswered: 0 }
      running.add(attempt)
      onChange()
      return () => {
        attempt.ended = true
        leaveIfOver(attempt)
      }
    },
    unanswered(withinMs) {
      const all = [...running].filter(({ ended }) => !ended)
      for (const attempt of all) attempt.unanswered++
      void clock.sleep(withinMs).then(() => {
        for (const attempt of all) {
          attempt.unanswered--
          leaveIfOver(attempt)
        }
      })
    },
    hasUnanswered: (scope) => [...running].some((one) => one.scope === scope && one.unanswered > 0),
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
      return () => {
        const left = earlier.filter((attempt) => running.has(attempt))
        if (left.some(({ ended }) => !ended)) return 'an earlier attempt in this worker has not ended yet'
        return left.length > 0 ? 'a write of an earlier attempt got no answer and may still take effect' : undefined
      }
    },
  }
}
