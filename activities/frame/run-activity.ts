import { Context } from '@temporalio/activity'
import { currentScene } from './activity-context.ts'

/** One attempt of an activity, as its code sees it. */
export interface Attempt {
  /** From 1. */
  number: number
  /** Unlike any other attempt's: part of the names of the shards that this one writes. A run id begins with its time, so its end is taken. */
  id: string
  /** Aborts when the restore is cancelled, paused, or this attempt is no longer wanted. */
  signal: AbortSignal
  /** Throws Temporal's cancellation where the attempt should end. Called before each item. */
  throwIfStopped: () => void
  /** Says what is being waited for; undefined while work goes on. It shows in the activity's heartbeat. */
  waitingFor: (reason: string | undefined) => void
  /** Says how far the attempt is. */
  done: (count: number) => void
}

/** What a heartbeat holds: enough for a person, and for the next attempt to know who was here. */
export interface Heartbeat {
  worker: string
  done: number
  waitingFor?: string
}

/** How often an attempt beats: a cancel reaches it with the next beat (rule 13). */
const beatMs = 1000

/** Runs the body of an activity with a heartbeat each second, from its start to its end. */
export async function withAttempt<T>(worker: string, body: (attempt: Attempt) => Promise<T>): Promise<T> {
  const context = Context.current()
  const { info, cancellationSignal } = context
  const beat: Heartbeat = { worker, done: 0 }
  const timer = setInterval(() => context.heartbeat({ ...beat }), beatMs)
  const wait = waitClock()
  context.heartbeat({ ...beat })
  try {
    return await body({
      number: info.attempt,
      id: `${info.workflowExecution?.runId.slice(-12) ?? 'local'}-${info.activityId}-${String(info.attempt).padStart(3, '0')}`,
      signal: cancellationSignal,
      throwIfStopped: () => cancellationSignal.throwIfAborted(),
      waitingFor(reason) {
        wait(reason)
        if (reason === undefined) delete beat.waitingFor
        else beat.waitingFor = reason
      },
      done(count) {
        beat.done = count
      },
    })
  } finally {
    wait(undefined)
    clearInterval(timer)
  }
}

/** Measures each wait from its first mention to the next one, and tells the scene. */
function waitClock(): (reason: string | undefined) => void {
  const waited = currentScene()?.waited
  let current: { reason: string; since: number } | undefined
  return (reason) => {
    const now = performance.now()
    if (current !== undefined) waited?.(current.reason, (now - current.since) / 1000)
    current = reason === undefined ? undefined : { reason, since: now }
  }
}
