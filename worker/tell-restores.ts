import type { Client } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import type { Log } from '../activities/ports.ts'
import { pendingRetry } from '../core/request/decide-retry.ts'
import { levelsOf } from '../core/request/levels.ts'
import type { Levels } from '../core/request/levels.ts'
import { isSweptByVelero } from '../core/results/restore-status.ts'
import { claimedAnnotation } from '../velero/labels.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'
import {
  cancelSignal,
  deletedReason,
  lookSignal,
  restoreRefOf,
  sweptSignal,
  workflowIdOf,
} from '../contract/restore-workflow.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'
import { startRestoreWorkflow } from '../contract/start-restore.ts'

/** How workflows are started and told. */
export interface TellOptions {
  client: Client
  taskQueue: string
  namespace: string
  /** The uid of namespace `kube-system` of the cluster (rule 3). */
  clusterId: string
  tagged: boolean
  log: Log
  nowMs: () => number
  /** Whether this Restore is left to Velero: no workflow is started for it again until it or Velero has changed. */
  isLeftAlone: (restore: Restore) => Promise<boolean>
}

/** Has the workflow of each Restore run, and know what stands on its Restore. */
export interface Messenger {
  /** The Restore as it stands now. */
  see: (restore: Restore) => void
  /** It was deleted. */
  gone: (restore: Restore) => void
  /** Does what is due; called every second. */
  tick: () => void
}

/** How often the workflow of each unfinished Restore is started again: it finds the running one, or replaces a lost one. */
const startEveryMs = 30_000
/** The same where nobody has answered a retry: the workflow of the run before, which a start finds, takes a moment to close. */
const retryEveryMs = 3000

/** A workflow that is over, while the Restore is not, was lost: unless its end is seen in this time, it is started again. */
const lostAfterMs = 3000

/** The pause before something is told again: after a failure, and as long as it holds. Each one is twice the one before. */
const pausesMs = { failed: { first: 1_000, max: 30_000 }, holds: { first: 30_000, max: 600_000 } } as const

interface Known {
  restore: Restore
  isGone: boolean
  isBusy: boolean
  /** What the workflow was told last, as text; undefined before the first time. */
  told: string | undefined
  startAtMs: number
  tellAtMs: number
  /** How often it was told the same, and how often that failed since. */
  times: number
  failures: number
}

const unknown: Omit<Known, 'restore' | 'isGone'> = {
  isBusy: false,
  told: undefined,
  startAtMs: 0,
  tellAtMs: 0,
  times: 0,
  failures: 0,
}

type Message = readonly [typeof cancelSignal, string] | readonly [typeof sweptSignal] | readonly [typeof lookSignal]

/**
 * Tells the workflow of a Restore what stands there: at once, again after a failure, and now and then as long as it holds.
 * So a Temporal server that is away at the wrong moment, or a run that ends just then, loses no cancel, pause, sweep or
 * deletion. All workers do the same, so that each message is one that may come twice.
 */
export function tellRestores(options: TellOptions): Messenger {
  const { nowMs, log } = options
  const known = new Map<string, Known>()

  const isDue = (one: Known): boolean => {
    if (one.isBusy) return false
    if (one.failures > 0) return nowMs() >= one.tellAtMs
    if (one.isGone || textOf(one) !== one.told) return true
    return nowMs() >= one.startAtMs || (repeated(one.restore).length > 0 && nowMs() >= one.tellAtMs)
  }

  const tell = async (uid: string, one: Known): Promise<void> => {
    one.isBusy = true
    const { isGone } = one
    try {
      if (isGone) await send(options, one.restore, [[cancelSignal, deletedReason]])
      else await startAndTell(options, one)
      if (isGone) known.delete(uid)
      one.failures = 0
    } catch (thrown) {
      one.tellAtMs = nowMs() + pauseMs(pausesMs.failed, ++one.failures)
      log.warn('the workflow of a restore could not be started or told; it is tried again', {
        restore: one.restore.metadata.name,
        error: String(thrown),
      })
    } finally {
      one.isBusy = false
    }
  }

  const tellIfDue = (uid: string, one: Known): void => void (isDue(one) && tell(uid, one))
  const keep = (restore: Restore, isGone: boolean): void => {
    const uid = restore.metadata.uid ?? ''
    const one = known.get(uid) ?? { ...unknown, restore, isGone }
    known.set(uid, Object.assign(one, { restore, isGone }))
    tellIfDue(uid, one)
  }

  return {
    see(restore) {
      if (isOver(restore)) known.delete(restore.metadata.uid ?? '')
      else keep(restore, false)
    },
    gone(restore) {
      if (known.has(restore.metadata.uid ?? '')) keep(restore, true)
    },
    tick() {
      for (const [uid, one] of known) tellIfDue(uid, one)
    },
  }
}

function pauseMs({ first, max }: { first: number; max: number }, times: number): number {
  return Math.min(max, first * 2 ** (times - 1))
}

/** One that is being deleted and was never claimed has nothing to restore any more; a swept one is not over. */
function isOver(restore: Restore): boolean {
  if (isTerminal(restore.status?.phase)) return !isClaimedAndSwept(restore) && !awaitsRetry(restore)
  return restore.metadata.deletionTimestamp !== undefined && !isClaimed(restore)
}

function isClaimed({ metadata }: Restore): boolean {
  return metadata.annotations?.[claimedAnnotation] !== undefined
}

function isClaimedAndSwept(restore: Restore): boolean {
  return isClaimed(restore) && isSweptByVelero(restore.status ?? {})
}

/** It is over, with a token that nobody has answered: its workflow begins the next run, or says why not. */
function awaitsRetry(restore: Restore): boolean {
  return isTerminal(restore.status?.phase) && !isClaimedAndSwept(restore) && pendingRetry(restore) !== undefined
}

/**
 * What a running workflow has to know. A restore that is not claimed yet reads it when it is admitted, and what stopped one
 * that is over does not stop its retry.
 */
function toldOf(restore: Restore): Levels | undefined {
  return isClaimed(restore) && !awaitsRetry(restore) ? levelsOf(restore) : undefined
}

/** Tells one state of a Restore from another, as far as its workflow has to know. */
function textOf({ restore, isGone }: Known): string {
  const token = awaitsRetry(restore) ? pendingRetry(restore) : undefined
  return JSON.stringify([isGone, toldOf(restore), isClaimedAndSwept(restore), token])
}

/** What is said again as long as it holds. */
function repeated(restore: Restore): Message[] {
  const { deleted, cancel } = toldOf(restore) ?? {}
  const reason = deleted ? deletedReason : cancel
  return [
    ...(isClaimedAndSwept(restore) ? [[sweptSignal] as const] : []),
    ...(reason === undefined ? [] : [[cancelSignal, reason] as const]),
  ]
}

/**
 * Starts the workflow where that is due, and tells it what is new. A Restore that has changed is no reason for a start: its
 * workflow runs, or has just ended without this worker having seen it, and a start would begin one more run. A pause is to
 * be read: only the workflow knows whether a person's signal or the Restore has the newest wish.
 */
async function startAndTell(options: TellOptions, one: Known): Promise<void> {
  const { restore, told } = one
  const text = textOf(one)
  // The first workflow has said so in an Event.
  if (told === text && !isClaimed(restore) && (await options.isLeftAlone(restore))) {
    one.startAtMs = options.nowMs() + startEveryMs
    return
  }
  const isNews = text !== told
  const isStarted = told === undefined || awaitsRetry(restore) || options.nowMs() >= one.startAtMs
  if (isStarted)
    await startRestoreWorkflow(options.client, {
      ref: refOf(options, restore),
      taskQueue: options.taskQueue,
      backup: restore.spec.backupName ?? restore.spec.scheduleName ?? '',
      tagged: options.tagged,
    })
  if (isStarted || isNews) one.startAtMs = options.nowMs() + (awaitsRetry(restore) ? retryEveryMs : startEveryMs)
  const holds = repeated(restore)
  if (isNews || (holds.length > 0 && options.nowMs() >= one.tellAtMs)) {
    const isHeard = await send(options, restore, [
      ...holds,
      ...(isNews && toldOf(restore) !== undefined ? [[lookSignal] as const] : []),
    ])
    if (!isHeard) one.startAtMs = options.nowMs() + lostAfterMs
    one.times = isNews ? 1 : one.times + 1
    one.tellAtMs = options.nowMs() + pauseMs(pausesMs.holds, one.times)
    one.told = text
  }
}

/** A workflow that is over needs to be told nothing: false where it was. */
async function send(options: TellOptions, restore: Restore, messages: readonly Message[]): Promise<boolean> {
  const handle = options.client.workflow.getHandle(workflowIdOf(refOf(options, restore)))
  try {
    for (const [{ name }, ...args] of messages) await handle.signal(name, ...args)
  } catch (thrown) {
    if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
    return false
  }
  return true
}

function refOf({ namespace, clusterId }: TellOptions, restore: Restore): RestoreRef {
  return restoreRefOf(restore, { namespace, cluster: clusterId })
}
