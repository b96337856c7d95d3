import { CancelledFailure, Context } from '@temporalio/activity'
import type { Info as ActivityInfo } from '@temporalio/activity'
import { isProgramFault } from '../../core/program-fault.ts'
import type { Look, Wait } from '../../contract/look.ts'
import type { Cluster, Presence } from '../ports.ts'
import { currentActivity } from './activity-context.ts'
import { asFailure, fatal, faultAttemptsMax, gone, programFault, retriedSoon, runOver, waiting } from './failures.ts'
import type { Journal } from './journal.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { whyNotUnderway } from '../../core/request/why-not-underway.ts'
import type { Restore } from '../../velero/restore.ts'
import { readRestore } from './restore-resource.ts'

/** One attempt of an activity, as its code sees it. */
export interface Attempt {
  /** From 1. */
  number: number
  /** Unique among attempts: part of the names of the shards that this one writes. A run id begins with its time, so its end is used. */
  id: string
  /** Aborts when the restore is cancelled, or when Temporal does not need this attempt any longer. */
  signal: AbortSignal
  /** Throws Temporal's cancellation once the signal has aborted. Called before each item. */
  throwIfStopped: () => void
  /** Sets what is being waited for; undefined while work goes on. The heartbeat shows it. */
  waitingFor: (reason: string | undefined) => void
  /** Sets how many items are done. The heartbeat shows it. */
  done: (count: number) => void
  /** Waits until no other attempt of a scope, or below one that ends in `/`, can write any more (rule 7). */
  fence: (scope: string) => Promise<void>
  /** What the attempt before has left in {@link Attempt.pause}; undefined for the first one, and after one that was lost. */
  carried: unknown
  /** A good part of the time that the activity has is over: a look that has nothing to do until later ends it. */
  isLate: boolean
  /** The failure by which a look ends that has nothing to do until later. It begins no write after this. */
  pause: (wait: Wait) => Error
}

/** Whether the restore is cancelled. A signal aborts also where the work goes on elsewhere, since this worker stops. */
export function isCancelRequested(signal: AbortSignal): boolean {
  return signal.aborted && signal.reason instanceof CancelledFailure && signal.reason.message === 'CANCELLED'
}

/** The details of a heartbeat, for people who look at the activity in the Web UI. */
export interface Heartbeat {
  worker: string
  done: number
  waitingFor?: string
  /** The attempt has ended in order and writes no more: its successor need not wait for it. */
  over?: true
  /** A write of it got no answer, and may still take effect: its successor waits for it, though the attempt is over. */
  unanswered?: true
  /** What it leaves for its successor. */
  carry?: unknown
  /** How many attempts have met a fault of the program. */
  faults?: number
}

/** What the frame has to know of an activity. */
export interface ActivityFrame {
  /** What the activity does, such as `planning restore shop`: failures begin with it. */
  doing: string
  /** `<restore uid>/<what>` where two attempts must never write at the same time: each begins when the one before cannot write. */
  scope?: string
  /** Even the first attempt waits: an attempt of an earlier run of the restore may still be able to write. */
  followsEarlierRun?: boolean
  /** It is tried until it succeeds, whatever happens: without it the restore has no end. */
  neverGivenUp?: boolean
}

/** How often an attempt beats: a cancel reaches it with the next beat (rule 13). */
const beatMs = 1000

/** A wait that has used this part of the activity's time, and an hour at least, goes on in the next activity. */
const [lateAfter, lateMs] = [1 / 4, 3_600_000]

/**
 * The frame of every activity. It sends a heartbeat each second, waits for earlier attempts where the activity has a
 * scope, and turns what the ports throw into the failures of `failures.ts`.
 */
export async function runActivity<T>(
  presence: Presence,
  { doing, scope, followsEarlierRun = false, neverGivenUp = false }: ActivityFrame,
  body: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { attempt, end, before, countFault } = beginAttempt(presence, scope)
  // The attempt is known to others before it waits for them: of two that wait, only the later one waits for the other.
  const leave = scope === undefined ? undefined : presence.begin(scope)
  try {
    const mayStillWrite = before.over !== true || before.unanswered === true
    const follows = attempt.number > 1 ? mayStillWrite : followsEarlierRun
    if (scope !== undefined && follows) await attempt.fence(scope)
    const result = await body(attempt)
    // What comes next counts on it that all writes of this one are done: the release of the namespaces, or the next activity (rule 9).
    if (scope !== undefined)
      await presence.settle(scope, { signal: attempt.signal, onWait: (reason) => attempt.waitingFor(reason) })
    return result
  } catch (thrown) {
    const isGivenUp = isProgramFault(thrown) && countFault() >= faultAttemptsMax && !neverGivenUp
    const failure = isGivenUp ? programFault(thrown, doing) : asFailure(thrown, doing)
    throw before.over === true ? retriedSoon(failure) : failure
  } finally {
    leave?.()
    end()
  }
}

/** A running attempt, and the last beat of the one before: Temporal keeps it, also where that one has failed. */
interface Begun {
  attempt: Attempt
  end: () => void
  before: Partial<Heartbeat>
  /** Tells the next attempt that this one has met a fault of the program; returns how many have, one after the other. */
  countFault: () => number
}

function beginAttempt(presence: Presence, scope: string | undefined): Begun {
  const context = Context.current()
  const { info, cancellationSignal: signal } = context
  const before = (info.attempt > 1 ? (info.heartbeatDetails as Partial<Heartbeat> | undefined) : undefined) ?? {}
  const { faults = 0 } = before
  const beat: Heartbeat = { worker: presence.worker, done: 0, ...(faults === 0 ? {} : { faults }) }
  const timer = setInterval(() => context.heartbeat({ ...beat }), beatMs)
  const measure = measureWaits()
  context.heartbeat({ ...beat })
  const waitingFor = (reason: string | undefined): void => {
    measure(reason)
    if (reason === undefined) delete beat.waitingFor
    else beat.waitingFor = reason
  }
  const attempt: Attempt = {
    number: info.attempt,
    id: `${info.workflowExecution?.runId.slice(-12) ?? 'local'}-${info.activityId}-${String(info.attempt).padStart(3, '0')}`,
    signal,
    throwIfStopped: () => signal.throwIfAborted(),
    waitingFor,
    done: (count) => void (beat.done = count),
    async fence(scope) {
      await presence.fence(scope, { signal, onWait: waitingFor })
      waitingFor(undefined)
    },
    carried: before.over === true ? before.carry : undefined,
    isLate: isLate(info),
    pause(wait) {
      const { faults: _past, ...last } = beat
      const open = scope !== undefined && presence.hasUnanswered(scope) ? { unanswered: true } : {}
      context.heartbeat({ ...last, waitingFor: wait.waitingFor, over: true, ...open, carry: wait.carry })
      return waiting(wait)
    },
  }
  const end = (): void => {
    measure(undefined)
    clearInterval(timer)
  }
  const countFault = (): number => {
    context.heartbeat({ ...beat, faults: faults + 1 })
    return faults + 1
  }
  return { attempt, end, before, countFault }
}

/** By the times of Temporal's server. */
function isLate(info: ActivityInfo): boolean {
  const waitedMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs
  return waitedMs >= Math.max(lateMs, info.scheduleToCloseTimeoutMs * lateAfter)
}

/** Measures each wait from its first mention to the next one, and reports it to the context of the activity. */
function measureWaits(): (reason: string | undefined) => void {
  const waited = currentActivity()?.waited
  let current: { reason: string; since: number } | undefined
  return (reason) => {
    const now = performance.now()
    if (current !== undefined) waited?.(current.reason, (now - current.since) / 1000)
    current = reason === undefined ? undefined : { reason, since: now }
  }
}

/**
 * Ends a look. The workflow gets the wait where its words are news, so that people see it; else the attempt fails in
 * order and Temporal begins the next one after the pause: a wait of days is a few activities in the history. The workflow gets
 * it also long before the activity's time is over: how long is waited, a deadline of its own says.
 */
export function lookAgain(attempt: Attempt, look: Look | undefined, wait: Wait): Wait {
  if (look === undefined) throw attempt.pause(wait)
  const isNews = look.told !== undefined && wordsOf(look.told) !== wordsOf(wait.waitingFor)
  if (isNews || attempt.isLate) return wait
  throw attempt.pause(wait)
}

/** What earlier looks have left for this one; undefined for the first one, and after an attempt that was lost. */
export function carriedTo(attempt: Attempt, look: Look | undefined): unknown {
  return attempt.carried ?? look?.carry
}

/** A text without its numbers: bytes and seconds change with each look, and are no news. */
function wordsOf(text: string): string {
  return text.replace(/(?<![\w.-])\d+(?![\w.-])/g, '#')
}

/** The pause before the next look: short at first, growing with each look that found nothing new. In seconds. */
export function pauseAfter(look: number, pauses: { first: number; last: number }): number {
  return Math.min(pauses.last, Math.round(pauses.first * 1.25 ** Math.min(look - 1, 50) * 10) / 10)
}

/**
 * When a wait began, in milliseconds: settled once in the journal, so that no attempt and no later run begins it anew.
 * `name` is unique among the waits of a restore.
 */
export async function waitSince(journal: Journal, name: string, now: Date): Promise<number> {
  const shard = `waits/${name}`
  const { since } =
    (await journal.read<{ since: string }>(shard)) ?? (await journal.writeOnce(shard, { since: now.toISOString() }))
  return Date.parse(since)
}

/** What an activity may do beyond what others may. */
export interface UnderwayOptions {
  /** Its run was reset, for instance in the Web UI: where the restore is over, the run ends without a change. */
  isReset?: boolean
  /** It may follow the end: of a failed restore, whose results are stored late, or of any, of which it takes something away. */
  after?: 'failure' | 'end' | undefined
}

/**
 * Reads the Restore before something is written for it, and makes sure that its run is under way (rule 1). A journal alone
 * gives no right to write: whoever may start workflows could have the one of an old restore restored again. Throws
 * `RestoreGone` where the Restore was deleted, `RunOver` where a run was reset that is over, `RestoreFailed` otherwise.
 */
export async function assertUnderway(
  cluster: Cluster,
  ref: AdmittedRef,
  options: UnderwayOptions = {},
): Promise<Restore> {
  const restore = await readIfUnderway(cluster, ref, options)
  if (restore === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
  return restore
}

/**
 * The same for what takes away: a Restore that is gone, or that somebody has ended, needs nothing that it has left, but one
 * in another run does. Returns undefined where it is gone.
 */
export async function readIfUnderway(
  cluster: Cluster,
  ref: AdmittedRef,
  { isReset = false, after }: UnderwayOptions = {},
): Promise<Restore | undefined> {
  const restore = await readRestore(cluster, ref)
  const found = restore === undefined ? undefined : whyNotUnderway(restore, ref.run ?? 1, { after })
  if (found === undefined) return restore
  const name = `Restore ${ref.namespace}/${ref.name}`
  if (isReset && found.over)
    throw runOver(`this run was reset, but ${name} ${found.why}`, restore?.status?.phase || 'New')
  throw fatal(`nothing is written for ${name}: it ${found.why}`)
}
