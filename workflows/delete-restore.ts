import { ActivityFailure, log, proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { phases, reasonOf } from './activity-calls.ts'
import { cancelSignal, deletedReason, workflowIdOf } from '../contract/restore-workflow.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'

/** A running restore ends within seconds after a cancel. One that has not after this time is terminated. */
const patienceSeconds = 120

const ending = proxyActivities<Activities>({
  startToCloseTimeout: '4m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '5s' },
})

/** While the bucket is unavailable files are retried for half a minute, then they stay: the user waits for the deletion. */
const files = proxyActivities<Activities>({
  startToCloseTimeout: '25s',
  scheduleToCloseTimeout: '30s',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '5s' },
})

/** Deletes what belongs to a Restore that is being deleted: cancels its run, deletes its files, then removes our finalizer. */
export async function deleteRestore(ref: RestoreRef): Promise<void> {
  await ending.endRun.executeWithOptions({ summary: 'cancel the running restore' }, [
    { workflowId: workflowIdOf(ref), signal: cancelSignal.name, reason: deletedReason, patienceSeconds },
  ])
  const report = await deleteFiles(ref)
  if (report.do === 'leave') return log.info('nothing to delete', { because: report.because })
  const left = report.left === undefined ? {} : { left: report.left }
  await phases.releaseRestore.executeWithOptions({ summary: 'remove the finalizer of the Restore' }, [{ ref, ...left }])
}

async function deleteFiles(ref: RestoreRef): ReturnType<Activities['deleteFiles']> {
  try {
    return await files.deleteFiles.executeWithOptions({ summary: 'delete its files in the bucket' }, [{ ref }])
  } catch (thrown) {
    if (!(thrown instanceof ActivityFailure)) throw thrown
    return { do: 'release', left: reasonOf(thrown) }
  }
}
