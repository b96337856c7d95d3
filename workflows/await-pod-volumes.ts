import type { AdmittedRef } from '../activities/frame/session.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import { waits } from './activity-options.ts'
import type { RunView } from './run-view.ts'

/** Waits until node agents have filled the volumes of restored pods, each within its own deadline; none without pods. */
export async function awaitPodVolumes(ref: AdmittedRef, plan: PlanSummary, view: RunView): Promise<void> {
  const waves = plan.waves.flatMap((wave, index) => (wave.groupResource === 'pods' ? [index] : []))
  if (waves.length === 0) return
  view.waitingFor('the volumes of pods')
  await waits.awaitPodVolumes.executeWithOptions({ summary: 'wait for the volumes of pods' }, [{ ref, waves }])
  view.waitingFor(undefined)
}
