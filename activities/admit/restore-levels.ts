import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { levelsOf } from '../../core/request/levels.ts'
import type { Levels } from '../../core/request/levels.ts'
import { claimedAnnotation, pauseAnnotation } from '../../velero/labels.ts'
import { gone } from '../frame/failures.ts'
import { changeRestore, readRestore } from '../frame/restore-resource.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Ports } from '../ports.ts'

/** Reads what stands on the Restore, uncached. Throws `RestoreGone` where it was deleted. */
export function readLevels({ cluster, presence }: Pick<Ports, 'cluster' | 'presence'>) {
  return ({ ref }: { ref: RestoreRef }): Promise<Levels> =>
    runActivity(presence, { doing: `reading restore ${ref.name}` }, async () => {
      const restore = await readRestore(cluster, ref)
      if (restore === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
      return levelsOf(restore)
    })
}

/** A pause to write onto the Restore; one without a reason is taken off. */
export interface NotePauseInput {
  ref: RestoreRef
  because?: string
}

/** Writes a pause that came by signal onto the Restore, or takes it off, so that the next run knows of it. */
export function notePause({ cluster, presence }: Pick<Ports, 'cluster' | 'presence'>) {
  return ({ ref, because }: NotePauseInput): Promise<void> =>
    runActivity(presence, { doing: `noting the pause of restore ${ref.name}` }, async () => {
      await changeRestore(cluster, ref, (live) => {
        const isOurs = live.metadata.annotations?.[claimedAnnotation] !== undefined
        if (!isOurs || levelsOf(live).pause === because) return undefined
        return { metadata: { annotations: { [pauseAnnotation]: because ?? null } } }
      })
    })
}
