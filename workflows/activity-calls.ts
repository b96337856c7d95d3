import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  TimeoutFailure,
  isCancellation,
  patched,
  proxyActivities,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { ActivityOptions } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { faultLine, isProgramFault } from '../core/program-fault.ts'
import type { RestorePhase } from '../velero/phases.ts'
import { isWait } from '../contract/look.ts'
import type { Look, Wait } from '../contract/look.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'

/** Waits between attempts: short at first, at most half a minute, so that work goes on soon after an outage ends. */
const retry = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' } as const

/** Each attempt sends a heartbeat every second; one that sends none for so long is lost, and another one begins. */
const heartbeatTimeout = '10s'

/** Activities with their limits; `retries` says in what their retries differ from the usual ones. */
function calls(limits: Omit<ActivityOptions, 'heartbeatTimeout' | 'retry'>, retries: ActivityOptions['retry'] = {}) {
  return proxyActivities<Activities>({ ...limits, heartbeatTimeout, retry: { ...retry, ...retries } })
}

/** Short steps: a few reads and writes of the Restore. Retried for two hours: then the cluster is gone, not busy. */
export const steps = calls({ startToCloseTimeout: '2m', scheduleToCloseTimeout: '2h' })

/** Reads the archive and plans: as long as a large download takes, with time for an outage of the bucket. */
export const planning = calls({ startToCloseTimeout: '4h', scheduleToCloseTimeout: '12h' })

/**
 * Restores a chunk: usually seconds or minutes; the limits are for outages. Any worker takes it: by default the one that runs the
 * workflow gets its activities at once, and the others would have nothing to do.
 */
export const chunks = calls({ allowEagerDispatch: false, startToCloseTimeout: '4h', scheduleToCloseTimeout: '24h' })

/** Writes result files: a bucket that is unavailable is waited for, visibly, for a day. */
export const results = calls({ startToCloseTimeout: '30m', scheduleToCloseTimeout: '24h' })

/** Writes the result files of a cancelled or failed restore: its terminal phase waits for them no longer (rule 13). */
export const lastResults = calls(
  { startToCloseTimeout: '60s', scheduleToCloseTimeout: '60s' },
  { maximumInterval: '5s' },
)

/** Writes a phase. No limit in all: every claimed restore reaches a terminal phase. */
export const phases = calls({ startToCloseTimeout: '2m' })

/** Waits that may take days: for node agents, operations and hooks, which have deadlines of their own. */
export const waits = calls({ startToCloseTimeout: '90d', scheduleToCloseTimeout: '90d' })

/** Looks, of seconds each: see `contract/look.ts`. What they wait for has deadlines of its own, in the journal. */
export const looks = calls({ startToCloseTimeout: '5m', scheduleToCloseTimeout: '90d' })

/** Cancels operations at the end of a cancelled or failed restore: its terminal phase waits for that no longer. */
export const lastCancels = calls(
  { startToCloseTimeout: '15s', scheduleToCloseTimeout: '15s' },
  { maximumInterval: '2s' },
)

/**
 * Removes what a cancelled or failed restore has left, and puts back claims that made way for their data, however many: its
 * terminal phase waits for that only as long as the cluster, or the bucket with their notes, does not answer.
 */
export const lastRemovals = calls(
  { startToCloseTimeout: '3m', scheduleToCloseTimeout: '3m' },
  { maximumInterval: '5s' },
)

/** Steps that a restore can do without: retried for two minutes. */
export const optional = calls({ startToCloseTimeout: '1m', scheduleToCloseTimeout: '2m' }, { maximumInterval: '5s' })

/** Writes the report of a restore that is over: nobody waits for it longer than half a minute. */
export const lastReport = calls({ startToCloseTimeout: '30s', scheduleToCloseTimeout: '30s' }, { maximumAttempts: 3 })

/** The type of the failure that an activity threw, see `activities/frame/failures.ts`; undefined for other errors. */
export function typeOf(error: unknown): string | undefined {
  if (error instanceof ActivityFailure) return typeOf(error.cause)
  return error instanceof ApplicationFailure ? (error.type ?? undefined) : undefined
}

/**
 * The phase that a Restore has without this run, where a failure says that: it is gone, it is over, or another run works on
 * it. Undefined for other errors.
 */
export function phaseOfEnd(error: unknown): RestorePhase | 'Gone' | undefined {
  if (error instanceof ActivityFailure) return phaseOfEnd(error.cause)
  if (typeOf(error) === 'RestoreGone') return 'Gone'
  if (!(error instanceof ApplicationFailure) || error.type !== 'RunOver') return undefined
  return error.details?.[0] as RestorePhase
}

/** One line that says what happened: for the failureReason, the log and the Web UI. */
export function reasonOf(error: unknown): string {
  if (error instanceof ActivityFailure) {
    if (error.cause instanceof TimeoutFailure) return timeoutReason(error.activityType, error.cause)
    return reasonOf(error.cause)
  }
  return error instanceof Error ? error.message : String(error)
}

/** Why a run ends, in words; undefined for what ends a task alone, which Temporal tries again. */
export function wordsOfEnd(error: unknown): string | undefined {
  if (isProgramFault(error)) return `program fault: ${faultLine(error)}`
  return error instanceof ActivityFailure || error instanceof ApplicationFailure ? reasonOf(error) : undefined
}

/** The SDK's message leaves out why the last attempt before the deadline failed; the server's failure has it. */
function timeoutReason(activityType: string, timeout: TimeoutFailure): string {
  const message = timeout.failure?.cause?.message ?? ''
  const last = message === '' ? '' : `: ${message}`
  return timeout.timeoutType === 'HEARTBEAT'
    ? `the worker of ${activityType} vanished${last}`
    : `${activityType} was given up after its deadline${last}`
}

/** Chunks of a restore that run side by side, where its plan does not say another number. */
const lanesByDefault = 4

/** Numbers to work on side by side: from the first, 0 by default, to before `to`. */
export interface Lanes {
  from?: number
  to: number
  lanes?: number
  /** Nothing more begins once it is true. */
  isOver?: () => boolean
}

/**
 * Works on numbers in their order, a few side by side, and returns the first one that did not begin. After a failure nothing
 * more begins, what runs is asked to stop, and once all have ended the first failure is thrown: no chunk runs on in the
 * background then.
 */
export async function inLanes(
  { from = 0, to, lanes = lanesByDefault, isOver = () => false }: Lanes,
  work: (index: number) => Promise<void>,
): Promise<number> {
  const others = new CancellationScope()
  let next = from
  let failure: { thrown: unknown } | undefined
  const lane = async () => {
    for (let isFirst = true; next < to && failure === undefined; isFirst = false) {
      if (!isFirst && isOver()) return
      await work(next++)
    }
  }
  const stopAll = (thrown: unknown) => {
    failure ??= { thrown }
    if (chunksEndFirst()) others.cancel()
  }
  const count = Math.min(lanes, Math.max(0, to - from))
  await others.run(() => Promise.all(Array.from({ length: count }, () => lane().catch(stopAll))))
  if (failure !== undefined) throw (failure as { thrown: unknown }).thrown
  return next
}

/**
 * Whether a chunk that is asked to stop is waited for: it journals first what it has written, so that the results tell of
 * it. One whose worker is lost is given up when its heartbeat stops.
 */
export function chunksEndFirst(): boolean {
  return patched('chunks-end-first')
}

/**
 * Whether this run was reset, for instance in the Web UI. Then its history says what was true of another run: attempts of
 * that one may still write, and its namespaces may be released. Only inputs of activities may depend on it, not their order.
 */
export function wasReset(): boolean {
  const { runId, originalExecutionRunId } = workflowInfo()
  return runId !== originalExecutionRunId
}

/** Tells an activity of a reset run to wait for attempts of the run before. */
export function followsIfReset(): { follows?: true } {
  return wasReset() ? { follows: true } : {}
}

/** A wait of so long is told in an Event. */
const eventAfterMs = 60_000

/** So many changes of what is waited for are shown; then the activity keeps them to itself, so that the history stays bounded. */
const changesMax = 100

/** The longest pause between two looks: Temporal has no timer without an end. */
const pauseMaxMs = 86_400_000

/** What a wait is a part of; the view shows it. */
export interface WaitingRun {
  ref: RestoreRef
  view: {
    beginWait: () => { reason: () => string; change: (reason: string) => void; end: () => void }
    trouble: (text: string) => void
  }
}

/** A wait that is shown, and told in an Event if it lasts a minute. */
export interface ToldWait {
  /** What is waited for now, and what the server says of it. */
  change: (reason: string) => void
  end: () => Promise<void>
}

/** Begins a wait that may go on beside others. */
export function beginToldWait({ ref, view }: WaitingRun): ToldWait {
  const shown = view.beginWait()
  const scope = new CancellationScope()
  let telling: Promise<void> | undefined
  const tell = async () => {
    await sleep(eventAfterMs)
    const waitingFor = shown.reason()
    const summary = `waits for ${waitingFor}`.slice(0, 100)
    await optional.tellWait.executeWithOptions({ summary }, [{ ref, waitingFor }])
  }
  return {
    change(reason) {
      shown.change(reason)
      telling ??= scope.run(tell).catch((thrown: unknown) => {
        if (!isCancellation(thrown)) view.trouble(`no Event about the wait: ${reasonOf(thrown)}`)
      })
    },
    async end() {
      shown.end()
      if (telling === undefined) return
      scope.cancel()
      await telling
    },
  }
}

/**
 * Has an activity look until there is nothing left to wait for, and returns its last report. The waiting is Temporal's:
 * between two looks no worker holds anything for it. What is waited for stands in the view, and after a minute in an Event.
 */
export async function lookUntilOver<Report extends object>(
  run: WaitingRun,
  lookOnce: (look: Look) => Promise<Report | Wait>,
): Promise<Report> {
  const wait = beginToldWait(run)
  let look: Look = { told: '' }
  try {
    for (let changes = 1; ; changes++) {
      const report = await lookOnce(look)
      if (!isWait(report)) return report
      const { waitingFor, afterSeconds, carry } = report
      wait.change(waitingFor)
      await sleep(Math.min(pauseMaxMs, Math.max(1, afterSeconds * 1000)))
      look = { ...(changes < changesMax ? { told: waitingFor } : {}), ...(carry === undefined ? {} : { carry }) }
    }
  } finally {
    await wait.end()
  }
}
