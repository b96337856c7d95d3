import pLimit from 'p-limit'
import { afterItem, fullFlight } from '../../core/items/items-in-flight.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Clock } from '../ports.ts'

/** Places for items, over all restores of this worker. */
export interface ItemLimit {
  /** The most places that there are. */
  readonly max: number
  /** Runs a call in a place, once one is free. */
  run<R>(call: () => Promise<R>): Promise<R>
  /** Told of what an item came to: an API server that has too much to do gets fewer at once for a while. */
  answered(step: unknown): void
}

/** Makes so many places; fewer are given while the API server refuses items because of its load. */
export function createItemLimit(max: number, clock: Pick<Clock, 'now'>): ItemLimit {
  const limit = pLimit(max)
  let flight = fullFlight(max)
  return {
    max,
    run: (call) => limit(call),
    answered(step) {
      const isOverload = isRefusedForLoad(step)
      if (!isOverload && flight.limit === max) return
      flight = afterItem(flight, { isOverload, nowMs: clock.now().getTime() })
      if (limit.concurrency !== flight.limit) limit.concurrency = flight.limit
    },
  }
}

function isRefusedForLoad(step: unknown): boolean {
  const thrown = (step as { trouble?: { thrown?: unknown } } | null | undefined)?.trouble?.thrown
  return thrown instanceof ApiError && thrown.code === 429
}
