import { ApplicationFailure, isCancellation, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { NotifyInput, NotifyReport } from '../../contract/notify.ts'
import { reasonOf, steps } from '../activity-calls.ts'

/**
 * Notifies of the end of a restore or a drill. It is a workflow of its own, so that a restore is over when it has ended: a receiver
 * may be away for minutes, and whoever waits for the restore, or wants to retry it, is not to wait for that. What is not
 * delivered is told in one Event, and this workflow fails.
 */
export async function notify(input: NotifyInput): Promise<NotifyReport> {
  const { ref, seconds, subject } = input
  try {
    return await tries(seconds).notify.executeWithOptions({ summary: `notify of the end of restore ${ref.name}` }, [
      input,
    ])
  } catch (thrown) {
    if (isCancellation(thrown)) throw thrown
    const why = reasonOf(thrown)
    await steps.tellNotDelivered.executeWithOptions({ summary: 'tell that it was not delivered' }, [
      { ref, why, ...(subject === undefined ? {} : { subject }) },
    ])
    throw ApplicationFailure.nonRetryable(why, 'NotDelivered')
  }
}

/** Each try takes ten seconds at most, beside a read of the Restore; the pauses between them grow to a minute. */
function tries(seconds: number) {
  return proxyActivities<Activities>({
    startToCloseTimeout: '1m',
    scheduleToCloseTimeout: seconds * 1000,
    heartbeatTimeout: '10s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
  })
}
