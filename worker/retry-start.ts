import type { Clock, Log } from '../activities/ports.ts'

/** How long a start may take, and what it says meanwhile. */
export interface Patience {
  /** Milliseconds since 1970 after which nothing is tried again; shared by all steps of a start. */
  deadline: number
  log: Log
  clock: Clock
  /** Whether trying again cannot help: a wrong certificate, a forbidden verb. */
  isFinal?: (thrown: unknown) => boolean
}

const pauseMs = 1000

/** Tries a step of the start until it succeeds or patience ends; then it fails with one line that says what is away. */
export async function patiently<T>(what: string, work: () => Promise<T>, patience: Patience): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work()
    } catch (thrown) {
      const why = `${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      const left = patience.deadline - patience.clock.now().getTime()
      if (patience.isFinal?.(thrown) === true || left <= 0) throw new Error(why, { cause: thrown })
      if (tries === 1) patience.log.warn(`${why}; trying for another ${Math.ceil(left / 1000)} s`)
      await patience.clock.sleep(Math.min(pauseMs, left))
    }
  }
}
