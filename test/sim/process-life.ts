import type { Clock } from '../../activities/ports.ts'
import { Death } from '../ports/faults.ts'
import type { SimulatedClock } from '../ports/clock.ts'

/** Whether a process lives, and whether it runs. */
export interface ProcessLife {
  readonly isDead: boolean
  /** Neither dead nor frozen. */
  readonly isRunning: boolean
  die: () => void
  freeze: (forMs: number) => void
  /** Resolves when it is not frozen any more; throws where it is dead. */
  thawed: () => Promise<void>
  /** Resolves when it has learned from its next beat what the server knows: a second after it goes on, if it is frozen. */
  nextBeat: () => Promise<void>
  /** The time as its code sees it: who sleeps in it does not wake while it is frozen, and never once it is dead. */
  readonly clock: Clock
}

/** How often an attempt beats. */
const beatMs = 1_000

/** Begins the life of a process whose clock is ahead by so much, or behind. */
export function beginLife(clock: SimulatedClock, skewMs: number): ProcessLife {
  let isDead = false
  let frozenUntilMs = -1
  const isFrozen = () => frozenUntilMs > clock.nowMs()

  async function thawed(): Promise<void> {
    while (isFrozen()) await clock.sleep(frozenUntilMs - clock.nowMs())
    if (isDead) throw new Death('the process is dead')
  }

  return {
    get isDead() {
      return isDead
    },
    get isRunning() {
      return !isDead && !isFrozen()
    },
    die: () => void (isDead = true),
    freeze: (forMs) => void (frozenUntilMs = clock.nowMs() + forMs),
    thawed,
    async nextBeat() {
      await thawed()
      await clock.sleep(beatMs)
      await thawed()
    },
    clock: {
      now: () => new Date(clock.nowMs() + skewMs),
      spread: (ms) => clock.spread(ms),
      async sleep(ms, signal) {
        await clock.sleep(ms, signal)
        await thawed().catch(() => new Promise(() => undefined))
      },
    },
  }
}
