import pLimit from 'p-limit'
import { afterItem, afterLook, fullFlight } from '../../core/items/items-in-flight.ts'
import type { ItemsInFlight } from '../../core/items/items-in-flight.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Clock, Cluster } from '../ports.ts'
import { createLoadWatch } from './load-watch.ts'

/** Places for items, over all restores of this worker. */
export interface ItemLimit {
  /** The most places that there are. */
  readonly max: number
  /** Runs a call in a place, once one is free. */
  run<R>(call: () => Promise<R>): Promise<R>
  /** Told of what an item came to: an API server that has too much to do gets fewer at once for a while. */
  answered(step: unknown): void
}

/** How often the API server is asked for something else while items are under way. */
const readEveryMs = 500

/** Makes so many places; fewer are given while the API server refuses items because of its load, or answers nobody soon. */
export function createItemLimit(
  max: number,
  { clock, cluster }: { clock: Clock; cluster: Pick<Cluster, 'get'> },
): ItemLimit {
  const limit = pLimit(max)
  let flight = fullFlight(max)
  const follow = (next: ItemsInFlight) => {
    flight = next
    if (limit.concurrency !== flight.limit) limit.concurrency = flight.limit
  }
  const told = (ms: number) => follow(afterLook(flight, { ms, nowMs: clock.now().getTime() }))
  const watch = createLoadWatch({ clock, cluster, everyMs: readEveryMs, told })
  return {
    max,
    run: (call) => watch.during(() => limit(call)),
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
