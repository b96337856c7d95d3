import type { AdmittedRef } from '../activities/session.ts'
import { finalizeTasks } from '../core/finalize/tasks.ts'
import { results } from './activity-options.ts'
import type { RunView } from './run-view.ts'

/** Runs the wrap-up tasks in order; one that fails becomes an error of the restore and hides none of the next. */
export async function runFinalizeTasks(ref: AdmittedRef, view: RunView): Promise<number> {
  let added = 0
  for (const task of finalizeTasks) {
    view.waitingFor(task.title)
    const report = await results.finalizeRestore.executeWithOptions({ summary: task.title }, [{ ref, task: task.name }])
    added += report.messages
  }
  view.waitingFor(undefined)
  return added
}
