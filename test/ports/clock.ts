import type { Clock } from '../../activities/ports.ts'

/** A clock that stands still while anything can go on, and jumps to the next sleeper when nothing can. */
export interface SimulatedClock extends Clock {
  /** Milliseconds since 1970. */
  nowMs(): number
  /**
   * Waits for `work` and lets time pass meanwhile: each time that all code has come to a stop, the sleeper whose time
   * comes first is woken. Throws where everything has stopped and nobody sleeps.
   */
  run<T>(work: Promise<T>): Promise<T>
  /** Lets that much time pass, waking everybody whose time comes. */
  advance(ms: number): Promise<void>
  /** Calls `work` when the time has come, as long as the clock runs. */
  later(ms: number, work: () => void): void
  /** Asked whenever all code has come to a stop: true where something goes on, so that nobody is woken yet. */
  goesOn?: () => boolean
}

interface Sleeper {
  atMs: number
  /** Sleepers of the same time are woken in the order in which they went to sleep. */
  order: number
  wake: () => void
  isStopped: boolean
}

/** Real time after which code that neither ends nor sleeps counts as stuck: a thread of Node may still be at work. */
const stuckMs = 500

/** Makes a clock that shows `start`. */
export function createClock(start: Date = new Date('2026-01-02T03:04:05Z')): SimulatedClock {
  let nowMs = start.getTime()
  let order = 0
  let spreads = 0
  /** The one whose time comes first is at the top; those that were stopped go when they get there. */
  const sleepers: Sleeper[] = []

  function next(untilMs: number): Sleeper | undefined {
    while (sleepers[0]?.isStopped === true) takeFirst(sleepers)
    const [first] = sleepers
    return first === undefined || first.atMs > untilMs ? undefined : first
  }

  function wake(sleeper: Sleeper): void {
    takeFirst(sleepers)
    nowMs = Math.max(nowMs, sleeper.atMs)
    sleeper.wake()
  }

  function later(ms: number, work: () => void): Sleeper {
    const sleeper = { atMs: nowMs + Math.max(0, ms), order: order++, wake: work, isStopped: false }
    insert(sleepers, sleeper)
    return sleeper
  }

  const clock: SimulatedClock = {
    now: () => new Date(nowMs),
    nowMs: () => nowMs,
    // The same at each run of a test, and not the same for each call.
    spread: (ms) => ms * (0.5 + (spreads++ % 7) / 14),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason as Error)
        const stop = () => {
          sleeper.isStopped = true
          reject(signal?.reason as Error)
        }
        const sleeper = later(ms, () => {
          signal?.removeEventListener('abort', stop)
          resolve()
        })
        signal?.addEventListener('abort', stop, { once: true })
      }),
    later: (ms, work) => void later(ms, work),
    async run(work) {
      const state = { ended: false }
      const end = () => void (state.ended = true)
      work.then(end, end)
      let idleSince = performance.now()
      for (await allStopped(); !state.ended; await allStopped()) {
        if (clock.goesOn?.() === true) continue
        const sleeper = next(Infinity)
        if (sleeper !== undefined) {
          wake(sleeper)
          idleSince = performance.now()
        } else if (performance.now() - idleSince > stuckMs) throw new Error('nothing goes on, and nobody sleeps')
      }
      return work
    },
    async advance(ms) {
      const untilMs = nowMs + ms
      for (await allStopped(); ; await allStopped()) {
        if (clock.goesOn?.() === true) continue
        const sleeper = next(untilMs)
        if (sleeper === undefined) break
        wake(sleeper)
      }
      nowMs = untilMs
    },
  }
  return clock
}

function isBefore(one: Sleeper, other: Sleeper): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order)
}

/** Puts one into a binary heap. */
function insert(heap: Sleeper[], one: Sleeper): void {
  let at = heap.push(one) - 1
  for (;;) {
    const above = heap[(at - 1) >> 1]
    if (at === 0 || above === undefined || !isBefore(one, above)) break
    heap[at] = above
    at = (at - 1) >> 1
  }
  heap[at] = one
}

/** Takes the top of a binary heap away. */
function takeFirst(heap: Sleeper[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (;;) {
    const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]]
    if (left === undefined) break
    const isRight = right !== undefined && isBefore(right, left)
    const least = isRight ? right : left
    if (!isBefore(least, last)) break
    heap[at] = least
    at = 2 * at + (isRight ? 2 : 1)
  }
  heap[at] = last
}

/** Promises go on before anything else does, so one turn of the event loop later all of them wait. */
function allStopped(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
