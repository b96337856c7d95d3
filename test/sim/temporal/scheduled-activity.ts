import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common'
import { msToNumber } from '@temporalio/common/lib/time.js'
import type { SimulatedClock } from '../../ports/clock.ts'
import type { ActivityCall } from './workflow-stand-in.ts'
import type { AttemptEnd, RunningAttempt, SimulatedWorkers } from '../workers.ts'

const firstRetryMs = 500

/** The run of a workflow that an activity is of. */
export interface Of {
  id: string
  workflowId: string
  runId: string
  isOpen: () => boolean
}

/** An activity from its schedule to its end: attempt after attempt, on any worker, as Temporal does it. */
export class ScheduledActivity {
  readonly result: Promise<unknown>
  private readonly workflowId: string
  private readonly runId: string
  private readonly isOpen: () => boolean
  private readonly call: ActivityCall
  private readonly clock: SimulatedClock
  private readonly workers: () => SimulatedWorkers
  private readonly id: string
  private readonly scheduledMs: number
  private readonly ended = Promise.withResolvers<unknown>()
  private isEnded = false
  private isCancelled = false
  private number = 0
  private lastBeat: unknown
  private current: (RunningAttempt & { number: number }) | undefined

  constructor(
    { id, workflowId, runId, isOpen, ...call }: ActivityCall & Of,
    clock: SimulatedClock,
    workers: () => SimulatedWorkers,
  ) {
    this.id = id
    this.workflowId = workflowId
    this.runId = runId
    this.isOpen = isOpen
    this.call = call
    this.clock = clock
    this.workers = workers
    this.scheduledMs = clock.nowMs()
    this.result = this.ended.promise
    this.result.catch(() => undefined)
    const limit = call.options.scheduleToCloseTimeout
    if (limit !== undefined && limit !== null)
      clock.later(msToNumber(limit), () => this.fail(new TimeoutFailure('timed out', undefined, 'SCHEDULE_TO_CLOSE')))
    this.begin()
  }

  /** Without `WAIT_CANCELLATION_COMPLETED` the workflow goes on at once; the attempt learns of it with its next beat. */
  cancel(): void {
    if (this.isEnded) return
    this.isCancelled = true
    const waits = this.call.options.cancellationType === 'WAIT_CANCELLATION_COMPLETED'
    if (waits && this.current !== undefined) return
    this.isEnded = true
    this.ended.reject(this.failure(new CancelledFailure('cancelled')))
  }

  private begin(): void {
    if (this.isEnded || !this.isOpen()) return
    const number = ++this.number
    const begun = this.workers().run({
      name: this.call.name,
      input: this.call.input,
      info: {
        attempt: number,
        heartbeatDetails: this.lastBeat,
        scheduledTimestampMs: this.scheduledMs,
        currentAttemptScheduledTimestampMs: this.clock.nowMs(),
        scheduleToCloseTimeoutMs: msToNumber(this.call.options.scheduleToCloseTimeout ?? 0),
        activityId: this.id,
        activityType: this.call.name,
        workflowExecution: { workflowId: this.workflowId, runId: this.runId },
      },
      onBeat: (details) => this.beat(number, details),
      onEnd: (end) => this.end(number, end),
    })
    if (begun === undefined) {
      // No worker runs: the task waits for one.
      this.number--
      this.clock.later(500, () => this.begin())
      return
    }
    this.current = { number, ...begun }
    this.watch(number, this.clock.nowMs())
    const limit = this.call.options.startToCloseTimeout
    if (limit !== undefined && limit !== null) this.clock.later(msToNumber(limit), () => this.lose(number))
  }

  private lastBeatMs = 0

  private beat(number: number, details: unknown): void {
    if (this.current?.number !== number) return
    this.lastBeat = details
    this.lastBeatMs = this.clock.nowMs()
    if (this.isCancelled || !this.isOpen()) this.current.cancel(this.isOpen() ? 'CANCELLED' : 'NOT_FOUND')
  }

  /** Whether beats still come. */
  private watch(number: number, fromMs: number): void {
    this.lastBeatMs = Math.max(this.lastBeatMs, fromMs)
    const limit = this.call.options.heartbeatTimeout
    if (limit === undefined || limit === null) return
    const limitMs = msToNumber(limit)
    const look = (): void => {
      if (this.current?.number !== number) return
      const leftMs = this.lastBeatMs + limitMs - this.clock.nowMs()
      if (leftMs <= 0) this.lose(number)
      else this.clock.later(leftMs, look)
    }
    this.clock.later(limitMs, look)
  }

  /** The attempt is given up, and may still run: it is told when it beats again. */
  private lose(number: number): void {
    if (this.current?.number !== number) return
    this.current.giveUp()
    this.current = undefined
    this.again(undefined)
  }

  private end(number: number, end: AttemptEnd): void {
    if (this.current?.number !== number) return
    this.current = undefined
    if (this.isEnded) return
    if ('result' in end) {
      this.isEnded = true
      this.clock.later(1, () => this.ended.resolve(end.result))
      return
    }
    const { failure } = end
    if (failure instanceof CancelledFailure) return this.fail(failure)
    if (failure instanceof ApplicationFailure && failure.nonRetryable === true) return this.fail(failure)
    this.again(failure instanceof ApplicationFailure ? failure.nextRetryDelay : undefined)
  }

  private again(delay: unknown): void {
    if (this.isCancelled) return this.fail(new CancelledFailure('cancelled'))
    const { maximumInterval = '30s' } = this.call.options.retry ?? {}
    const backoff = Math.min(msToNumber(maximumInterval), firstRetryMs * 2 ** (this.number - 1))
    this.clock.later(typeof delay === 'number' ? delay : backoff, () => this.begin())
  }

  private fail(cause: Error): void {
    if (this.isEnded) return
    this.isEnded = true
    this.ended.reject(this.failure(cause))
  }

  private failure(cause: Error): ActivityFailure {
    const retryState =
      cause instanceof ApplicationFailure && cause.nonRetryable === true ? 'NON_RETRYABLE_FAILURE' : 'TIMEOUT'
    return new ActivityFailure('activity failed', this.call.name, this.id, retryState, 'worker', cause)
  }
}
