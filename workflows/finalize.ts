import type { AdmittedRef } from '../contract/restore-workflow.ts'
import { finalizeTasks } from '../core/finalize/tasks.ts'
import { waits } from './activity-calls.ts'
import type { RunView } from './run-view.ts'

/** Velero's counts of exec hooks; zeros are left out. */
export interface HookStatus {
  hooksAttempted?: number
  hooksFailed?: number
}

/**
 * Runs the wrap-up tasks in order; one that fails becomes an error of the restore and hides none of the next. Each ends
 * by its own deadline. Returns how many messages they have put into the journal.
 */
export async function runFinalizeTasks(
  ref: AdmittedRef,
  view: RunView,
): Promise<{ added: number; hookStatus: HookStatus }> {
  let added = 0
  let hookStatus: HookStatus = {}
  for (const task of finalizeTasks) {
    view.waitingFor(`the wrap-up task "${task.title}"`)
    const report = await waits.finalizeRestore.executeWithOptions({ summary: task.title }, [{ ref, task: task.name }])
    added += report.messages
    hookStatus = report.hookStatus ?? hookStatus
  }
  view.waitingFor(undefined)
  return { added, hookStatus }
}
