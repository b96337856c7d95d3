import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../activities/ports.ts'

/** The longest time of one timer: Node fires a longer one, beyond 24 days, at once. */
export const timerMsMax = 2 ** 31 - 1

/** The clock of this machine. A sleep rejects with the signal's reason once it is aborted. */
export const systemClock: Clock = {
  now: () => new Date(),
  spread: (ms) => ms * (0.5 + Math.random() / 2),
  async sleep(ms, signal) {
    try {
      let leftMs = ms
      do await delay(Math.min(leftMs, timerMsMax), undefined, signal === undefined ? {} : { signal })
      while ((leftMs -= timerMsMax) > 0)
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : error
    }
  },
}
