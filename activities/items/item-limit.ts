import { afterItem, afterLook, fullFlight, nextInLine } from '../../core/in-flight/items-in-flight.ts'
import type { ItemsInFlight } from '../../core/in-flight/items-in-flight.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Clock, Cluster } from '../ports.ts'
import { afterRead, politeFlight } from '../../core/in-flight/polite-flight.ts'
import type { ItemLimit } from './side-by-side.ts'
import { namespaceResource } from '../../velero/resource.ts'

/** How often the API server is asked for something else while items are under way. */
const readEveryMs = 500

/** Places that restores wait for, each in a line of its own. */
interface Places {
  run<R>(call: () => Promise<R>, restoreUid: string, turn: number): Promise<R>
  /** From now on there are so many; calls that hold more go on. */
  resize(count: number): void
}

/** Makes so many places; the restore that holds the fewest gets the next one. */
function createPlaces(count: number): Places {
  const lines = new Map<string, Line>()
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
      const line = restore === undefined ? undefined : lines.get(restore)
      if (restore === undefined || line === undefined) return
      const begin = takeFirst(line)
      // It stands behind the others again.
      lines.delete(restore)
      if (line.size > 0) lines.set(restore, line)
      hold(restore, 1)
      begin?.()
    }
  }
  return {
    async run(call, restoreUid, turn) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const line: Line = lines.get(restoreUid) ?? new Map()
      lines.set(restoreUid, line)
      const ofTurn = line.get(turn)
      if (ofTurn === undefined) line.set(turn, [resolve])
      else ofTurn.push(resolve)
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

/** Those of a restore that wait, by the turn of their batch. */
type Line = Map<number, (() => void)[]>

/** The batch that began first comes first: so batches end one after the other, and while one is journalled the others have its places. */
function takeFirst(line: Line): (() => void) | undefined {
  const turn = Math.min(...line.keys())
  const waiting = line.get(turn)
  const first = waiting?.shift()
  if (waiting?.length === 0) line.delete(turn)
  return first
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
    run: (call, restoreUid, turn = 0) => watch.during(() => places.run(call, restoreUid, turn)),
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

/** How often the API server is asked for something else while items of polite restores are under way. */
const politeReadEveryMs = 250

/**
 * The places for the items of polite restores: fewer than others have, and fewer still while a read that has nothing to
 * do with a restore takes longer than usual. What `all` says holds for them too.
 */
export function createPoliteLimit(
  all: ItemLimit,
  { max, clock, cluster }: { max: number; clock: Clock; cluster: Pick<Cluster, 'get'> },
): ItemLimit {
  let flight = politeFlight(max)
  const places = createPlaces(flight.limit)
  const told = (ms: number) => {
    flight = afterRead(flight, ms)
    places.resize(flight.limit)
  }
  const watch = createLoadWatch({ clock, cluster, everyMs: politeReadEveryMs, told })
  return {
    max,
    run: (call, restoreUid, turn = 0) =>
      watch.during(async (first) => {
        // The first read is made before this restore is a load.
        await first
        return places.run(() => all.run(call, restoreUid, turn), restoreUid, turn)
      }),
    answered: (step) => all.answered(step),
  }
}

/** Asks the API server for something small again and again while items are under way. */
interface LoadWatch {
  /** Runs a call, which gets the end of the first read. */
  during<R>(call: (first: Promise<void>) => Promise<R>): Promise<R>
}

/** What a watch asks, how often in milliseconds, and whom it tells how long a read took: `Infinity` where there was no answer. */
interface LoadWatchParts {
  clock: Clock
  cluster: Pick<Cluster, 'get'>
  everyMs: number
  told: (ms: number) => void
}

/** Makes a watch, which asks nothing while no call runs. */
function createLoadWatch({ clock, cluster, everyMs, told }: LoadWatchParts): LoadWatch {
  let calls = 0
  let watching: { first: Promise<void> } | undefined
  const look = async () => told(await readMs(cluster, clock))
  const watch = async (first: Promise<void>) => {
    await first
    while (calls > 0) {
      await clock.sleep(everyMs)
      await look()
    }
    watching = undefined
  }
  return {
    async during(call) {
      calls++
      try {
        if (watching === undefined) {
          watching = { first: look() }
          void watch(watching.first)
        }
        return await call(watching.first)
      } finally {
        calls--
      }
    },
  }
}

/** How long a read takes that is about no item, in milliseconds. Never rejects. */
async function readMs(cluster: Pick<Cluster, 'get'>, clock: Clock): Promise<number> {
  const began = clock.now().getTime()
  try {
    await cluster.get({ ...namespaceResource, name: 'kube-system' })
    return clock.now().getTime() - began
  } catch {
    return Infinity
  }
}
