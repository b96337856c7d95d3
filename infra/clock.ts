import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../activities/ports.ts'

/** The clock of this machine. A sleep rejects with the signal's reason once it is aborted. */
export const systemClock: Clock = {
  now: () => new Date(),
  spread: (ms) => ms * (0.5 + Math.random() / 2),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    }
  },
}
