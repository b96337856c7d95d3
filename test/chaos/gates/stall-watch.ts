import { performance } from 'node:perf_hooks'

/** Tells how long this process may have left waiting what it handles now. */
export interface StallWatch {
  /** Milliseconds; near 0 unless the process stood still just before. */
  heldMs(): number
  stop(): void
}

const tickMs = 50

/** Watches the event loop: what came while it stood still, since it was busy or got no processor, has waited for so long. */
export function watchStalls(): StallWatch {
  let tickedAt = performance.now()
  let lateMs = 0
  const sinceDue = () => Math.max(0, performance.now() - tickedAt - tickMs)
  const ticking = setInterval(() => {
    lateMs = sinceDue()
    tickedAt = performance.now()
  }, tickMs)
  ticking.unref()
  return { heldMs: () => Math.max(lateMs, sinceDue()), stop: () => clearInterval(ticking) }
}
