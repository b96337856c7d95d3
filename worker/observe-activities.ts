import { ApplicationFailure } from '@temporalio/common'
import type { Context } from '@temporalio/activity'
import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { failureTypes } from '../activities/frame/failures.ts'
import { inActivity } from '../activities/frame/activity-context.ts'
import type { WorkerMetrics } from '../infra/metrics/worker-metrics.ts'

type Info = Context['info']

/** Runs each activity in its context, so that its log lines name the restore, and counts attempts and waits. */
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

/** Every activity of a restore is called with `{ ref: { name } }`. */
function restoreOf(argument: unknown): string | undefined {
  const name = (argument as { ref?: { name?: unknown } } | undefined)?.ref?.name
  return typeof name === 'string' ? name : undefined
}

const waitedFor: Readonly<Record<string, string>> = {
  [failureTypes.bucketAway]: 'bucket',
  [failureTypes.clusterAway]: 'cluster',
  [failureTypes.noLease]: 'lease',
}

/** A failure that passes is waited out between attempts: nobody runs then who could measure it, so it is reckoned. */
function countFailure(metrics: WorkerMetrics, info: Info, thrown: unknown): void {
  const failure = thrown instanceof ApplicationFailure ? thrown : undefined
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
