import { CancellationScope } from '@temporalio/workflow'
import type { RestoreInput, RestoreOutcome } from '../contract/restore-workflow.ts'
import { RestoreRun } from './restore-run.ts'

/**
 * Brings one Velero Restore from New to a terminal phase. Read top-down: it is the whole story. Each step is an
 * activity that may be tried again; the phase of the Restore is changed by them. The history holds counts and keys.
 */
export async function restore(input: RestoreInput): Promise<RestoreOutcome> {
  const run = new RestoreRun(input)
  try {
    return await run.cancellable(async () => {
      if (!(await run.admit())) return run.outcome()
      await run.plan()
      await run.holdNamespaces()
      await run.lookForExisting()
      await run.restoreWaves()
      await run.awaitPodVolumes()
      await run.conclude()
      await run.awaitOperations()
      await run.finalize()
      return await run.end()
    })
  } catch (error) {
    return await CancellationScope.nonCancellable(() => (run.isCancelled(error) ? run.cancelled() : run.failed(error)))
  }
}
