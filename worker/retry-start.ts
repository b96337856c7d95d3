import type { Clock, Log } from '../activities/ports.ts'

/** Until when the steps of a start are retried. */
export interface StartRetry {
  /** Milliseconds since 1970, the same for all steps of a start. */
  deadline: number
  log: Log
  clock: Clock
  /** Whether a retry cannot help: a wrong certificate, a forbidden verb. */
  isFinal?: (thrown: unknown) => boolean
}

const pauseMs = 1000

/**
 * Retries a step of the start each second until it succeeds, its error is final, or the deadline has passed. Then it
 * throws one line: `what`, and why.
 */
export async function retryStart<T>(what: string, step: () => Promise<T>, retry: StartRetry): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await step()
    } catch (thrown) {
      const why = `${what}: ${thrown instanceof Error ? thrown.message : String(thrown)}`
      const leftMs = retry.deadline - retry.clock.now().getTime()
      if (retry.isFinal?.(thrown) === true || leftMs <= 0) throw new Error(why, { cause: thrown })
      if (tries === 1) retry.log.warn(`${why}; trying for another ${Math.ceil(leftMs / 1000)} s`)
      await retry.clock.sleep(Math.min(pauseMs, leftMs))
    }
  }
}
