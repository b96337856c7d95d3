import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow'

/** The type of the failure an activity threw, see `activities/frame/failures.ts`. */
export function typeOf(error: unknown): string | undefined {
  if (error instanceof ActivityFailure) return typeOf(error.cause)
  return error instanceof ApplicationFailure ? (error.type ?? undefined) : undefined
}

/** One line that says what happened: for the failureReason, the log and the Web UI. */
export function reasonOf(error: unknown): string {
  if (error instanceof ActivityFailure) {
    if (error.cause instanceof TimeoutFailure) return timeoutReason(error.activityType, error.cause)
    return reasonOf(error.cause)
  }
  return error instanceof Error ? error.message : String(error)
}

/** The SDK leaves out what the last attempt before the deadline failed of; it stands in what the server sent. */
function timeoutReason(activityType: string, timeout: TimeoutFailure): string {
  const message = timeout.failure?.cause?.message ?? ''
  const last = message === '' ? '' : `: ${message}`
  return timeout.timeoutType === 'HEARTBEAT'
    ? `the worker of ${activityType} vanished${last}`
    : `${activityType} was given up after its deadline${last}`
}
