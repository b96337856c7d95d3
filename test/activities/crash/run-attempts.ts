import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import type { Ports } from '../../../activities/ports.ts'
import type { Settings } from '../../../activities/settings.ts'
import type { PortCall } from '../../ports/calls.ts'
import { Death, withFaults } from '../../ports/faults.ts'
import type { Fault, FaultPlan } from '../../ports/faults.ts'
import type { World } from '../../ports/world.ts'

/** Activities by name, as a worker registers them. */
export type AnyActivities = Record<string, (input: never) => Promise<unknown>>

/** Which activity to run, and what goes wrong. */
export interface RunOptions {
  world: World
  /** Makes the activities of a new process. */
  create: (ports: Ports, settings: Settings) => AnyActivities
  settings: Settings
  activity: string
  input: unknown
  /** How long all attempts may take; nobody ends them. */
  scheduleToCloseTimeoutMs?: number
  /** What goes wrong in each attempt, from 1. */
  faults?: (attempt: number) => FaultPlan
}

/** What an activity came to in the end, and how. */
export interface Ended {
  /** What the workflow gets: the result, or the failure that no attempt can mend. */
  outcome: { result: unknown } | { failure: { type: string; message: string } }
  /** The calls of each attempt. */
  attempts: readonly (readonly PortCall[])[]
  /** The faults that have happened. */
  happened: readonly { attempt: number; call: PortCall; fault: Fault }[]
}

const firstRetryMs = 500
const lastRetryMs = 30_000
/** After a heartbeat is missing for so long, Temporal gives the activity to another process. */
const heartbeatTimeoutMs = 10_000
const attemptsMax = 400

/**
 * Runs an activity as Temporal does: attempt after attempt until one succeeds or fails for good. After a death the next
 * attempt runs in a new process, else in the same one. Time is that of the world's clock.
 */
export async function runAttempts(options: RunOptions): Promise<Ended> {
  const { world } = options
  const happened: Ended['happened'][number][] = []
  const attempts: PortCall[][] = []
  const scheduledMs = world.clock.nowMs()
  let running = startProcess(options, scheduledMs)
  let lastBeat: unknown
  for (let number = 1; number <= attemptsMax; number++) {
    const calls: PortCall[] = []
    attempts.push(calls)
    running.plan = (n, call) => {
      calls.push(call)
      const fault = options.faults?.(number)(n, call)
      if (fault !== undefined) happened.push({ attempt: number, call, fault })
      return fault
    }
    const ended = await world.clock.run(
      attemptOf(options, running, { number, lastBeat, onBeat: (beat) => (lastBeat = beat) }),
    )
    if ('outcome' in ended) return { outcome: ended.outcome, attempts, happened }
    if (running.isDead()) running = startProcess(options, scheduledMs)
    await world.clock.advance(ended.retryInMs ?? Math.min(lastRetryMs, firstRetryMs * 2 ** (number - 1)))
  }
  throw new Error(`${options.activity} has not ended after ${attemptsMax} attempts`)
}

interface Process {
  activities: AnyActivities
  environment: (attempt: number, heartbeatDetails: unknown) => MockActivityEnvironment
  isDead: () => boolean
  /** Replaced for each attempt. */
  plan: FaultPlan
}

function startProcess(
  { world, create, settings, activity, scheduleToCloseTimeoutMs = 90 * 24 * 3_600_000 }: RunOptions,
  scheduledTimestampMs: number,
): Process {
  const state = { isDead: false }
  const started = { plan: (() => undefined) as FaultPlan, count: 0 }
  const around = withFaults(
    (_n, call) => started.plan(++started.count, call),
    () => {
      state.isDead = true
      running.die()
    },
  )
  const running = world.startProcess(around)
  return {
    activities: create(running.ports, settings),
    isDead: () => state.isDead,
    environment: (attempt, heartbeatDetails) =>
      new MockActivityEnvironment(
        {
          attempt,
          heartbeatDetails,
          scheduledTimestampMs,
          currentAttemptScheduledTimestampMs: world.clock.nowMs(),
          scheduleToCloseTimeoutMs,
          activityId: '1',
          activityType: activity,
          workflowExecution: execution,
        },
        { client: running.temporal, logger: new DefaultLogger('ERROR') },
      ),
    get plan() {
      return started.plan
    },
    set plan(plan) {
      Object.assign(started, { plan, count: 0 })
    },
  }
}

/** The run to which activities belong. */
export const execution = { workflowId: 'again', runId: '01234567-89ab-cdef-0123-456789abcdef' }

async function attemptOf(
  { activity, input }: RunOptions,
  process: Process,
  { number, lastBeat, onBeat }: { number: number; lastBeat: unknown; onBeat: (beat: unknown) => void },
): Promise<{ outcome: Ended['outcome'] } | { retryInMs: number | undefined }> {
  try {
    const run = process.activities[activity]
    if (run === undefined) throw new Error(`there is no activity ${activity}`)
    const environment = process.environment(number, lastBeat)
    // Those of a dead process reach nobody.
    environment.on('heartbeat', (beat) => {
      if (!process.isDead()) onBeat(beat)
    })
    const result = await environment.run(run as (given: unknown) => Promise<unknown>, input)
    // Whatever a dead process returns, nobody gets to know it.
    return process.isDead() ? { retryInMs: heartbeatTimeoutMs } : { outcome: { result } }
  } catch (thrown) {
    if (process.isDead()) return { retryInMs: heartbeatTimeoutMs }
    if (thrown instanceof ApplicationFailure && thrown.nonRetryable === true)
      return { outcome: { failure: { type: thrown.type ?? '', message: thrown.message } } }
    if (thrown instanceof Death || !isExpected(thrown)) throw thrown
    return { retryInMs: thrown instanceof ApplicationFailure ? asMs(thrown.nextRetryDelay) : undefined }
  }
}

/** An attempt ends with one of our failures, or with what Temporal's own client threw; anything else is a defect. */
function isExpected(thrown: unknown): boolean {
  return (
    thrown instanceof ApplicationFailure || (thrown instanceof Error && thrown.message.includes('a fault of the test'))
  )
}

function asMs(delay: unknown): number | undefined {
  return typeof delay === 'number' ? delay : undefined
}
