import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow'
import { isWait } from '../../contract/look.ts'
import type { RequestedOutcome, RestoreRequest } from '../../contract/restore-request.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { looks, phases, steps } from '../activity-calls.ts'

/**
 * Restores as a step of somebody else's workflow: creates the Restore, waits until it is over and returns how it ended. To cancel
 * this workflow cancels the restore; it closes as Canceled once that is over.
 */
export async function requestRestore(request: RestoreRequest): Promise<RequestedOutcome> {
  const { workflowId, firstExecutionRunId } = workflowInfo()
  const requestId = `${workflowId}/${firstExecutionRunId}`
  // Whoever cancels this now may have a Restore already.
  const ref = await CancellationScope.nonCancellable(() =>
    steps.createRequested.executeWithOptions({ summary: 'create the Restore' }, [{ request, requestId }]),
  )
  try {
    return await outcomeOf(ref)
  } catch (thrown) {
    if (!isCancellation(thrown)) throw thrown
    await CancellationScope.nonCancellable(async () => {
      await phases.cancelRequested({ ref, reason: 'the workflow that asked for it was cancelled' })
      await outcomeOf(ref)
    })
    throw thrown
  }
}

/** Waits until a restore that was asked for is over; the limits of the wait are those of the calls. */
export async function outcomeOf(
  ref: RestoreRef,
  calls: Pick<typeof looks, 'awaitRequested'> = looks,
): Promise<RequestedOutcome> {
  for (;;) {
    const report = await calls.awaitRequested.executeWithOptions({ summary: `until restore ${ref.name} is over` }, [
      { ref },
    ])
    if (!isWait(report)) return report
  }
}
