import type { Clock, Log } from '../activities/ports.ts'

/** What is done again and again. */
export interface RepeatOptions {
  /** For the log, as in "could not <what>". */
  what: string
  everyMs: number
  clock: Clock
  log: Log
  signal: AbortSignal
}

/** Does something at once and then after each pause, until the signal is aborted; what fails is logged and tried at the next turn. */
export async function repeat(options: RepeatOptions, work: () => Promise<void>): Promise<void> {
  const { what, everyMs, clock, log, signal } = options
  while (!signal.aborted) {
    try {
      await work()
    } catch (error) {
      if (!signal.aborted) log.warn(`could not ${what}`, { error: String(error) })
    }
    await clock.sleep(everyMs, signal).catch(() => undefined)
  }
}
