import pLimit from 'p-limit'
import type { Attempt } from '../frame/run-activity.ts'
import type { Clock } from '../ports.ts'
import type { ItemLimit } from './item-limit.ts'

/** What bounds work that is done side by side. */
export interface SideBySide {
  /** Places for items, over all restores of this worker. */
  itemLimit: ItemLimit
  /** Names the restore that the work is for: restores share the places. */
  input: { ref: { uid: string } }
  attempt: Pick<Attempt, 'throwIfStopped'>
  ports: { clock: Clock }
}

/** Runs a call in a place for items, once one is free. */
export type Limited = <R>(call: () => Promise<R>) => Promise<R>

/**
 * Works on all values side by side and waits for all; after the first failure nothing new begins. What a value does with
 * the ports goes through `limited`: so many at once as the worker allows. A value that waits holds no place. Places are
 * asked for one by one as they come free, so that a small restore does not stand in line behind all values of a large one.
 */
export async function settleAll<T>(
  values: readonly T[],
  { itemLimit, input, attempt, ports }: SideBySide,
  work: (value: T, limited: Limited) => Promise<void>,
): Promise<{ failure?: unknown }> {
  let failure: { thrown: unknown } | undefined
  const places = createPlaces(ports.clock)
  const inLine = pLimit(itemLimit.max)
  const limited: Limited = async (call) => {
    const inPlace = async () => {
      if (failure !== undefined) throw failure.thrown
      attempt.throwIfStopped()
      const running = call()
      await places.held(running)
      return { running }
    }
    const { running } = await inLine(() => itemLimit.run(inPlace, input.ref.uid))
    const step = await running
    itemLimit.answered(step)
    return step
  }
  const guarded = (value: T) =>
    work(value, limited).catch((thrown: unknown) => {
      failure ??= { thrown }
    })
  await Promise.all(values.map(guarded))
  places.end()
  return failure === undefined ? {} : { failure: failure.thrown }
}

/** A call that takes longer waits for somebody else, such as a slow webhook: it gives its place to others. */
const placeMs = 5_000
/** How often the calls are looked at. */
const lookMs = 1_000

/** The places of calls. One timer serves all of them: one for each call costs more than many a call itself. */
function createPlaces(clock: Clock): { held: (running: Promise<unknown>) => Promise<void>; end: () => void } {
  /** What frees a place, and when the call began, the oldest first. */
  const begun = new Map<() => void, number>()
  const ended = new AbortController()
  let isLooking = false
  const look = async () => {
    isLooking = true
    while (begun.size > 0) {
      await clock.sleep(lookMs, ended.signal)
      const before = clock.now().getTime() - placeMs
      for (const [free, beganMs] of begun) {
        if (beganMs > before) break
        free()
      }
    }
    isLooking = false
  }
  return {
    /** Resolves when the call has ended, or has had its place for so long that others get it. Never rejects. */
    held(running) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const free = () => {
        begun.delete(free)
        resolve()
      }
      begun.set(free, clock.now().getTime())
      running.then(free, free)
      if (!isLooking) look().catch(() => undefined)
      return promise
    },
    end: () => ended.abort(),
  }
}

/** Waits for work, at most so long; says whether it goes on. */
export async function takesLonger(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const ended = new AbortController()
  const no = () => false
  const yes = () => true
  const longer = await Promise.race([work.then(no, no), clock.sleep(ms, ended.signal).then(yes, no)])
  ended.abort()
  return longer
}

/** A batch that takes longer than this waits for somebody else: the next one begins beside it. */
const lagMs = 2_000
/** Batches that may lag behind at the same time. */
const lagsMax = 8

/** Work in batches, and what follows each of them. */
export interface Batches<T, Done> {
  size: number
  clock: Clock
  begin: (batch: readonly T[], part: number) => Promise<Done>
  /** Keeps what a batch that lags has done so far, before the next one begins. */
  keepSoFar: (part: number) => Promise<void>
  keep: (done: Done, part: number) => Promise<void>
}

/**
 * Works batch after batch; a batch that lags is not waited for, but what it has done is kept: so never more than the items
 * of one batch and the laggards are done and not kept (rule 4). After a failure no batch begins. All have ended when this
 * returns or throws.
 */
export async function inBatches<T, Done>(
  values: readonly T[],
  { size, clock, begin, keepSoFar, keep }: Batches<T, Done>,
): Promise<void> {
  const lagging = new Set<Promise<void>>()
  let failure: { thrown: unknown } | undefined
  try {
    for (let from = 0, part = 0; from < values.length && failure === undefined; from += size, part++) {
      const work = begin(values.slice(from, from + size), part)
      if (!(await takesLonger(work, lagMs, clock))) {
        await keep(await work, part)
        continue
      }
      const keptSoFar = keepSoFar(part)
      // Both write the same shard, so the whole one comes last.
      const kept = Promise.allSettled([keptSoFar]).then(async () => keep(await work, part))
      lagging.add(kept)
      kept.then(
        () => lagging.delete(kept),
        (thrown: unknown) => (failure ??= { thrown }),
      )
      await keptSoFar
      if (lagging.size >= lagsMax) await Promise.race(lagging)
    }
    await Promise.all(lagging)
  } finally {
    await Promise.allSettled(lagging)
  }
}
