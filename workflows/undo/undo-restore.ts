import { CancellationScope } from '@temporalio/workflow'
import type { UndoInput } from '../../contract/undo-restore.ts'
import type { UndoResult } from '../../contract/undo-outcome.ts'
import { UndoRun } from './undo-run.ts'

/**
 * Takes back what a restore has done, as far as nobody has changed it since: deletes what it created, puts back what it changed, in
 * the reverse order of its waves. Read top-down: it is the whole story. The plan and what was done are in the journal of the restore;
 * the history holds counts, and the names of the first objects that are kept.
 */
export async function undoRestore(input: UndoInput): Promise<UndoResult> {
  const run = new UndoRun(input)
  try {
    return await run.cancellable(async () => {
      await run.admit()
      await run.holdNamespaces()
      await run.plan()
      if (run.isDryRun) return run.planned()
      await run.undoWaves()
      return await run.end()
    })
  } catch (error) {
    return await CancellationScope.nonCancellable(() => (run.isCancelled(error) ? run.cancelled() : run.failed(error)))
  }
}
