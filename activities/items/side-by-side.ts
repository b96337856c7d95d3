import pLimit from 'p-limit'
import { isCancelRequested } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Clock, Cluster, WriteOptions } from '../ports.ts'
import { politeAnnotation } from '../../velero/labels.ts'
import type { Settings } from '../settings.ts'
import { afterPass, pauseBeforeNextTry } from '../../core/items/item-trouble.ts'
import type { TroubleKind } from '../../core/items/item-trouble.ts'
import type { Outcome, Parked } from '../../core/items/outcome.ts'
import { isTransient } from '../../core/port-errors.ts'
import type { ItemTools } from './item-tools.ts'
import type { ItemStep } from './item-work.ts'
import { namespaceResource } from '../../velero/resource.ts'

/** Places for items, over all restores of this worker. */
export interface ItemLimit {
  /** The most places that there are. */
  readonly max: number
  /** Runs a call of a restore in a place, once one is free. Of its calls that wait, those with the lowest turn come first. */
  run<R>(call: () => Promise<R>, restoreUid: string, turn?: number): Promise<R>
  /** Told of what an item came to: an API server that has too much to do gets fewer at once for a while. */
  answered(step: unknown): void
}

/** The places for items on a worker: for those of all restores, and among them for those of polite ones. */
export interface ItemLimits {
  all: ItemLimit
  polite: ItemLimit
}

/** The places for the items of one restore. The annotation decides, and the setting where it says neither yes nor no. */
export function limitFor(
  annotations: Readonly<Record<string, string>> | undefined,
  { itemLimits, settings }: { itemLimits: ItemLimits; settings: Pick<Settings, 'polite'> },
): ItemLimit {
  const asked = annotations?.[politeAnnotation]
  const isPolite = asked === 'true' || (asked !== 'false' && settings.polite)
  return isPolite ? itemLimits.polite : itemLimits.all
}

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
 * asked for a few at a time, so that a small restore does not stand in line behind all values of a large one. Of one restore the
 * values that were begun first have them first.
 */
export async function settleAll<T>(
  values: readonly T[],
  { itemLimit, input, attempt, ports }: SideBySide,
  work: (value: T, limited: Limited) => Promise<void>,
): Promise<{ failure?: unknown }> {
  let failure: { thrown: unknown } | undefined
  const places = createPlaces(ports.clock)
  const turn = turns++
  const inLine = pLimit(2 * itemLimit.max)
  const limited: Limited = async (call) => {
    const inPlace = async () => {
      if (failure !== undefined) throw failure.thrown
      attempt.throwIfStopped()
      const running = call()
      await places.held(running)
      return { running }
    }
    const { running } = await inLine(() => itemLimit.run(inPlace, input.ref.uid, turn))
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

/** How often values were worked on side by side in this process. */
let turns = 0

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
  /** `throwIfFailed` throws what kept a batch from its end or a checkpoint: nothing more of this one is begun then. */
  begin: (batch: readonly T[], part: number, throwIfFailed: () => void) => Promise<Done>
  /** Keeps what a batch that lags has done so far, before the next one begins. */
  keepSoFar: (part: number) => Promise<void>
  keep: (done: Done, part: number) => Promise<void>
}

/**
 * Works batch after batch; a batch that lags is not waited for, but what it has done is kept: so never more than the items
 * of one batch and the laggards are done and not kept (rule 4). After a failure no batch begins, and the laggards are told. All
 * have ended when this returns or throws.
 */
export async function inBatches<T, Done>(
  values: readonly T[],
  { size, clock, begin, keepSoFar, keep }: Batches<T, Done>,
): Promise<void> {
  const lagging = new Set<Promise<void>>()
  let failure: { thrown: unknown } | undefined
  const fail = (thrown: unknown) => void (failure ??= { thrown })
  const throwIfFailed = () => {
    if (failure !== undefined) throw failure.thrown
  }
  try {
    for (let from = 0, part = 0; from < values.length && failure === undefined; from += size, part++) {
      const work = begin(values.slice(from, from + size), part, throwIfFailed)
      if (!(await takesLonger(work, lagMs, clock))) {
        await keep(await work, part)
        continue
      }
      const keptSoFar = keepSoFar(part)
      keptSoFar.catch(fail)
      // What is kept at the end is the rest.
      const kept = Promise.allSettled([keptSoFar]).then(async () => keep(await work, part))
      lagging.add(kept)
      kept.then(() => lagging.delete(kept), fail)
      await keptSoFar
      if (lagging.size >= lagsMax) await Promise.race(lagging)
    }
    await Promise.all(lagging)
  } catch (thrown) {
    fail(thrown)
    throw thrown
  } finally {
    await Promise.allSettled(lagging)
  }
}

/** A step after which an item is through with this pass of its chunk. */
export type SettledStep = Extract<ItemStep, { done: Outcome }>

/**
 * Sends an item, and again a few times where the trouble may pass, while the others go on. Whose trouble it is, is
 * decided by evidence: an API server that answers somebody else meanwhile is not away, so the item is parked for a later
 * pass; where it answers nobody the trouble is thrown, and the whole chunk waits with that reason.
 */
export async function tryItem<T extends ItemStep | { terminating: string }>(
  send: () => Promise<T>,
  { before, pass, open }: PassOfItem,
  tools: ItemTools,
): Promise<Exclude<T, { trouble: unknown }> | SettledStep> {
  const earlier: Parked = before?.parked ?? { since: tools.now(), tries: 0 }
  for (let tries = 1; ; tries++) {
    const step = await send()
    const sent = earlier.tries + tries
    if ('done' in step && sent > 1) return { ...step, done: { ...step.done, tries: sent } }
    if (!('trouble' in step)) return step as Exclude<T, { trouble: unknown }>
    const { kind, outcome, thrown, retryAfterSeconds } = step.trouble
    const pause = pauseBeforeNextTry(kind, tries, retryAfterSeconds)
    if (pause === undefined) {
      if (thrown !== undefined && isTransient(thrown) && !(await answersOthers(tools))) throw thrown
      return { done: afterPass({ outcome, kind, parked: parkedFor(kind, earlier, sent), pass, open }, tools.chances) }
    }
    // Items that failed together are not sent together again.
    await tools.clock.sleep(tools.clock.spread(pause), tools.attempt.signal).catch((stopped: unknown) => {
      if (!isCancelRequested(tools.attempt.signal)) throw stopped
    })
    // A cancelled restore tells what it knows of the item: there is no other try.
    if (isCancelRequested(tools.attempt.signal)) return { done: outcome }
  }
}

function parkedFor(kind: TroubleKind, { since, slow }: Parked, tries: number): Parked {
  return {
    since,
    tries,
    ...(slow === true || kind === 'slow' ? { slow: true } : {}),
    ...(kind === 'missing' ? { missing: true } : {}),
  }
}

/** Where an item stands when a pass of its chunk comes to it. */
export interface PassOfItem {
  /** What earlier attempts and passes came to. */
  before: Outcome | undefined
  /** 0 in its wave, 1 after its wave, 2 and more after all waves. */
  pass: number
  /** Items of this restore are parked for other reasons than that something is missing. */
  open?: boolean | undefined
}

/** Whether the API server answers a request that is about no item. That this worker may write, its Lease shows. */
async function answersOthers({ cluster }: ItemTools): Promise<boolean> {
  try {
    await cluster.get({ ...namespaceResource, name: 'kube-system' })
    return true
  } catch (thrown) {
    if (isTransient(thrown)) return false
    return true
  }
}

/**
 * How long the writes of an item may take. In the pass of its wave a slow item is not waited for: it is parked, and gets
 * the API server's own limit later, beside the others. Without second chances it gets that at once.
 */
export function deadlineFor(
  { before, pass }: PassOfItem,
  { chances }: Pick<ItemTools, 'chances'>,
): WriteOptions['deadline'] {
  if (before?.parked?.slow === true) return 'long'
  return pass === 0 && chances.secondChances ? 'short' : undefined
}

/** The tools with writes that may take so long. */
export function withDeadline(tools: ItemTools, deadline: WriteOptions['deadline']): ItemTools {
  if (deadline === undefined) return tools
  const { cluster } = tools
  const bounded: Cluster = {
    ...cluster,
    create: (resource, namespace, manifest, options) =>
      cluster.create(resource, namespace, manifest, { ...options, deadline }),
    patch: (ref, patch, options) => cluster.patch(ref, patch, { ...options, deadline }),
    replaceStatus: (ref, manifest, options) => cluster.replaceStatus(ref, manifest, { ...options, deadline }),
  }
  return { ...tools, cluster: bounded }
}
