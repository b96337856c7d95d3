import { advanceProgress } from '../../core/results/restore-status.ts'
import type { Progress } from '../../core/results/restore-status.ts'
import { isTerminal } from '../../velero/phases.ts'
import { asFailure } from '../frame/failures.ts'
import type { Ports } from '../ports.ts'
import { changeRestore } from '../frame/restore-resource.ts'

/** Progress to show. */
export interface ReportProgressInput {
  ref: { namespace: string; name: string; uid: string }
  progress: Progress
}

/** Writes `status.progress`; it never goes back and never touches a restore that is over (rule 8). */
export function reportProgress({ cluster }: Pick<Ports, 'cluster'>) {
  return async (input: ReportProgressInput): Promise<void> => {
    try {
      await changeRestore(cluster, input.ref, (live) => {
        if (isTerminal(live.status?.phase)) return undefined
        const progress = advanceProgress(live.status?.progress, input.progress)
        return progress === undefined ? undefined : { status: { progress } }
      })
    } catch (thrown) {
      throw asFailure(thrown, `writing the progress of restore ${input.ref.name}`)
    }
  }
}
