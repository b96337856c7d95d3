import { ActivityFailure, CancellationScope, isCancellation, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { RequestedOutcome } from '../../contract/restore-request.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { reasonOf } from '../activity-calls.ts'
import { outcomeOf } from '../request/request-restore.ts'

/** A step that is cancelled is waited for: what it makes is removed after it. */
const frame = {
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  startToCloseTimeout: '10m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '10s' },
} as const

/** Steps of a drill: whatever is away is waited for that long, then the drill has failed and says so. */
export const drills = proxyActivities<Activities>({ ...frame, scheduleToCloseTimeout: '30m' })

/** Steps of a drill that download the tarball: limits as those of the planning of a restore. */
export const downloads = proxyActivities<Activities>({
  ...frame,
  startToCloseTimeout: '4h',
  scheduleToCloseTimeout: '12h',
})

/** The result of a step that a drill can do without; undefined where the step was given up. */
export async function unlessFailed<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step
  } catch (thrown) {
    if (!(thrown instanceof ActivityFailure) || isCancellation(thrown)) throw thrown
    return undefined
  }
}

const within = (seconds: number) => proxyActivities<Activities>({ ...frame, scheduleToCloseTimeout: `${seconds}s` })

/** A restore that is cancelled ends within seconds; one that waits for its bucket takes longer. */
const cancelSeconds = 600

/**
 * Waits until the restore is over. One that is not by its deadline, or whose drill is cancelled, is cancelled. No outcome: even then
 * its end was not seen.
 */
export async function awaitRestore(
  ref: RestoreRef,
  deadlineSeconds: number,
): Promise<{ outcome?: RequestedOutcome | undefined; because?: string }> {
  try {
    return { outcome: await outcomeOf(ref, within(deadlineSeconds)) }
  } catch (thrown) {
    if (!(thrown instanceof ActivityFailure) && !isCancellation(thrown)) throw thrown
    const because = isCancellation(thrown)
      ? 'the drill was cancelled'
      : `restore ${ref.name} was not over after ${deadlineSeconds} s, the deadline of the drill (${reasonOf(thrown)})`
    const outcome = await CancellationScope.nonCancellable(() => unlessFailed(cancelled(ref, because)))
    if (isCancellation(thrown)) throw thrown
    return { outcome, because }
  }
}

async function cancelled(ref: RestoreRef, reason: string): Promise<RequestedOutcome> {
  await drills.cancelRequested.executeWithOptions({ summary: 'cancel the restore' }, [{ ref, reason }])
  return outcomeOf(ref, within(cancelSeconds))
}
