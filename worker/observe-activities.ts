import { ApplicationFailure } from '@temporalio/common'
import type { Context } from '@temporalio/activity'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { failureTypes } from '../activities/frame/failures.ts'
import { currentActivity, inActivity } from '../activities/frame/activity-context.ts'
import type { Log } from '../activities/ports.ts'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'

type Info = Context['info']

/** Runs each activity in its context, which {@link contextLog} reads, and counts failed attempts and waits. */
export function observeActivities(metrics: WorkerMetrics): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const restore = restoreOf(input.args[0])
        const ended = restore === undefined ? undefined : metrics.restoreBegan(restore)
        const context = { activity: info.activityType, attempt: info.attempt, waited: metrics.waited }
        try {
          return await inActivity(restore === undefined ? context : { ...context, restore }, () => next(input))
        } catch (thrown) {
          countFailure(metrics, info, thrown)
          throw thrown
        } finally {
          ended?.()
        }
      },
    },
  })
}

/** The Restore's name: every activity of a restore is called with `{ ref: { name } }`. */
function restoreOf(argument: unknown): string | undefined {
  const name = (argument as { ref?: { name?: unknown } } | undefined)?.ref?.name
  return typeof name === 'string' ? name : undefined
}

const waitedFor: Readonly<Record<string, string>> = {
  [failureTypes.bucketAway]: 'bucket',
  [failureTypes.clusterAway]: 'cluster',
  [failureTypes.noLease]: 'lease',
}

/** Counts a failed attempt. The wait until the next one is calculated: no code runs meanwhile that could measure it. */
function countFailure(metrics: WorkerMetrics, info: Info, thrown: unknown): void {
  const failure = thrown instanceof ApplicationFailure ? thrown : undefined
  if (failure?.type === failureTypes.waiting) {
    metrics.waited(failure.message, secondsUntilNext(info, failure))
    return
  }
  metrics.attemptFailed(info.activityType, failure?.type ?? nameOf(thrown))
  const reason = waitedFor[failure?.type ?? '']
  if (reason !== undefined) metrics.waited(reason, secondsUntilNext(info, failure))
}

function secondsUntilNext({ attempt, retryPolicy }: Info, failure: ApplicationFailure | undefined): number {
  const asked = failure?.nextRetryDelay
  if (typeof asked === 'number') return asked / 1000
  const { initialInterval = 1000, backoffCoefficient = 2, maximumInterval = 100_000 } = retryPolicy ?? {}
  return Math.min(Number(initialInterval) * backoffCoefficient ** (attempt - 1), Number(maximumInterval)) / 1000
}

function nameOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : 'unknown'
}

/** A log whose lines name restore, activity and attempt where an activity writes them, however deep in its code. */
export function contextLog(log: Log): Log {
  const at = (level: keyof Log) => (message: string, fields?: Record<string, unknown>) =>
    log[level](message, { ...contextFields(), ...fields })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function contextFields(): Record<string, unknown> {
  const context = currentActivity()
  if (context === undefined) return {}
  const { restore, activity, attempt } = context
  return { ...(restore === undefined ? {} : { restore }), activity, ...(attempt === 1 ? {} : { attempt }) }
}
