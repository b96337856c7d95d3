import { condition, patched } from '@temporalio/workflow'
import type { AdmittedRef } from '../contract/restore-workflow.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import { steps } from './activity-calls.ts'
import type { RunView } from './run-view.ts'

/** Between two writes of the progress: after each chunk they were half of all events. */
const progressPauseMs = 3_000

/**
 * Writes the progress when a chunk has added to it, one activity at a time (rule 8) and not too often. What came last is
 * written in the end where more waits follow that may take long; else the next phase brings it.
 */
export function reportProgress({ ref, plan, view }: { ref: AdmittedRef; plan: PlanSummary; view: RunView }): {
  stop: () => Promise<void>
} {
  const waitsFollow = plan.waves.some(({ groupResource }) => groupResource === 'pods')
  let stopped = false
  let written = 0
  const isNews = () => view.itemsDone() > written
  const write = async () => {
    const { itemsDone, itemsTotal } = view.progress()
    written = itemsDone
    const progress = { itemsRestored: view.itemsListed(), totalItems: itemsTotal }
    await steps.reportProgress.executeWithOptions({ summary: `progress: ${itemsDone} of ${itemsTotal}` }, [
      { ref, progress },
    ])
  }
  const loop = async () => {
    while (!stopped) {
      await condition(() => stopped || isNews())
      if (stopped) break
      await write()
      if (patched('progress-with-pauses')) await condition(() => stopped, progressPauseMs)
    }
    if (waitsFollow && isNews() && patched('progress-with-pauses')) await write()
  }
  const running = loop().catch(() => undefined)
  return {
    async stop() {
      stopped = true
      await running
    },
  }
}
