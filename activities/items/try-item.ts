import { afterPass, pauseBeforeNextTry } from '../../core/items/item-trouble.ts'
import type { TroubleKind } from '../../core/items/item-trouble.ts'
import type { Outcome, Parked } from '../../core/items/outcome.ts'
import { isTransient } from '../../core/port-errors.ts'
import { isCancelRequested } from '../frame/run-activity.ts'
import type { Cluster, WriteOptions } from '../ports.ts'
import type { ItemTools } from './item-tools.ts'
import type { ItemStep } from './item-work.ts'

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
    await cluster.get({ group: '', version: 'v1', resource: 'namespaces', name: 'kube-system' })
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
