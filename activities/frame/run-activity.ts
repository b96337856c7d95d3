import { CancelledFailure, Context } from '@temporalio/activity'
import { isProgramFault } from '../../core/program-fault.ts'
import type { Wait } from '../../contract/look.ts'
import type { Presence } from '../ports.ts'
import { currentActivity } from './activity-context.ts'
import { asFailure, faultAttemptsMax, programFault, retriedSoon, waiting } from './failures.ts'

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
  /** The failure by which a look ends that has nothing to do until later. It writes nothing after this. */
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

/**
 * The frame of every activity. It sends a heartbeat each second, waits for earlier attempts where the activity has a
 * scope, and turns what the ports throw into the failures of `failures.ts`.
 */
export async function runActivity<T>(
  presence: Presence,
  { doing, scope, followsEarlierRun = false, neverGivenUp = false }: ActivityFrame,
  body: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const { attempt, end, before, countFault } = beginAttempt(presence)
  // The attempt is known to others before it waits for them: of two that wait, only the later one waits for the other.
  const leave = scope === undefined ? undefined : presence.begin(scope)
  try {
    const follows = attempt.number > 1 ? before.over !== true : followsEarlierRun
    if (scope !== undefined && follows) await attempt.fence(scope)
    return await body(attempt)
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

function beginAttempt(presence: Presence): Begun {
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
    pause(wait) {
      const { faults: _past, ...last } = beat
      context.heartbeat({ ...last, waitingFor: wait.waitingFor, over: true, carry: wait.carry })
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
