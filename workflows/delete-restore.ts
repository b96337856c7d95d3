import { ActivityFailure, log, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { lastPhase } from './activity-options.ts'
import { cancelSignal, deletedReason, workflowIdOf } from '../contract/restore-contract.ts'
import type { RestoreRef } from '../contract/restore-contract.ts'
import { reasonOf } from './failure-reason.ts'

/** A running restore ends within seconds of a cancel; its workflow is terminated where it does not. */
const patienceSeconds = 120

const ending = proxyActivities<Activities>({
  startToCloseTimeout: '4m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '5s' },
})

/** With the bucket away the Restore is let go all the same, after half a minute: whoever deletes it waits for that. */
const files = proxyActivities<Activities>({
  startToCloseTimeout: '25s',
  scheduleToCloseTimeout: '30s',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '5s' },
})

/** Deletes what belongs to a Restore that is being deleted: its run, its files, and last the finalizer that keeps it. */
export async function deleteRestore(ref: RestoreRef): Promise<void> {
  await ending.endRun.executeWithOptions({ summary: 'cancel the running restore' }, [
    { workflowId: workflowIdOf(ref), signal: cancelSignal.name, reason: deletedReason, patienceSeconds },
  ])
  const report = await deleteFiles(ref)
  if (report.do === 'leave') return log.info('nothing to delete', { because: report.because })
  const left = report.left === undefined ? {} : { left: report.left }
  await lastPhase.releaseRestore.executeWithOptions({ summary: 'let the Restore go' }, [{ ref, ...left }])
}

async function deleteFiles(ref: RestoreRef): ReturnType<Activities['deleteFiles']> {
  try {
    return await files.deleteFiles.executeWithOptions({ summary: 'delete its files in the bucket' }, [{ ref }])
  } catch (thrown) {
    if (!(thrown instanceof ActivityFailure)) throw thrown
    return { do: 'release', left: reasonOf(thrown) }
  }
}
