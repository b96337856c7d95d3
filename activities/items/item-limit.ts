import { afterItem, afterLook, fullFlight } from '../../core/in-flight/items-in-flight.ts'
import type { ItemsInFlight } from '../../core/in-flight/items-in-flight.ts'
import { nextInLine } from '../../core/in-flight/next-in-line.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Clock, Cluster } from '../ports.ts'
import { createLoadWatch } from './load-watch.ts'

/** Places for items, over all restores of this worker. */
export interface ItemLimit {
  /** The most places that there are. */
  readonly max: number
  /** Runs a call of a restore in a place, once one is free. */
  run<R>(call: () => Promise<R>, restoreUid: string): Promise<R>
  /** Told of what an item came to: an API server that has too much to do gets fewer at once for a while. */
  answered(step: unknown): void
}

/** How often the API server is asked for something else while items are under way. */
const readEveryMs = 500

/** Places that restores wait for, each in a line of its own. */
export interface Places {
  run<R>(call: () => Promise<R>, restoreUid: string): Promise<R>
  /** From now on there are so many; calls that hold more go on. */
  resize(count: number): void
}

/** Makes so many places; the restore that holds the fewest gets the next one. */
export function createPlaces(count: number): Places {
  const lines = new Map<string, (() => void)[]>()
  const held = new Map<string, number>()
  let [taken, places] = [0, count]
  const hold = (restore: string, more: number) => {
    taken += more
    const now = (held.get(restore) ?? 0) + more
    if (now === 0) held.delete(restore)
    else held.set(restore, now)
  }
  const give = () => {
    while (taken < places) {
      const restore = nextInLine(lines.keys(), held)
      if (restore === undefined) return
      const [begin, ...others] = lines.get(restore) ?? []
      // It stands behind the others again.
      lines.delete(restore)
      if (others.length > 0) lines.set(restore, others)
      hold(restore, 1)
      begin?.()
    }
  }
  return {
    async run(call, restoreUid) {
      const { promise, resolve } = Promise.withResolvers<void>()
      lines.set(restoreUid, [...(lines.get(restoreUid) ?? []), resolve])
      give()
      await promise
      try {
        return await call()
      } finally {
        hold(restoreUid, -1)
        give()
      }
    },
    resize(now) {
      places = now
      give()
    },
  }
}

/** Makes so many places; fewer are given while the API server refuses items because of its load, or answers nobody soon. */
export function createItemLimit(
  max: number,
  { clock, cluster }: { clock: Clock; cluster: Pick<Cluster, 'get'> },
): ItemLimit {
  const places = createPlaces(max)
  let flight = fullFlight(max)
  const follow = (next: ItemsInFlight) => {
    flight = next
    places.resize(flight.limit)
  }
  const told = (ms: number) => follow(afterLook(flight, { ms, nowMs: clock.now().getTime() }))
  const watch = createLoadWatch({ clock, cluster, everyMs: readEveryMs, told })
  return {
    max,
    run: (call, restoreUid) => watch.during(() => places.run(call, restoreUid)),
    answered(step) {
      const isOverload = isRefusedForLoad(step)
      if (!isOverload && flight.limit === max) return
      follow(afterItem(flight, { isOverload, nowMs: clock.now().getTime() }))
    },
  }
}

function isRefusedForLoad(step: unknown): boolean {
  const thrown = (step as { trouble?: { thrown?: unknown } } | null | undefined)?.trouble?.thrown
  return thrown instanceof ApiError && thrown.code === 429
}
