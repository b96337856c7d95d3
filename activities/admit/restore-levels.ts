import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { runOf } from '../../core/request/decide-retry.ts'
import { levelsOf } from '../../core/request/levels.ts'
import type { Levels } from '../../core/request/levels.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { cancelAnnotation, claimedAnnotation, pauseAnnotation } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import { gone } from '../frame/failures.ts'
import { changeRestore, readRestore, unlessGone } from '../frame/restore-resource.ts'
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

/** A cancel to write onto the Restore. */
export interface NoteCancelInput {
  ref: RestoreRef
  because: string
  /** The run that is cancelled, from 2 for a retry: a later one is not. */
  run?: number
}

/** Writes a cancel that came by signal onto the Restore, as long as it runs, so that the next run knows of it. */
export function noteCancel({ cluster, presence }: Pick<Ports, 'cluster' | 'presence'>) {
  return ({ ref, because, run = 1 }: NoteCancelInput): Promise<void> =>
    runActivity(presence, { doing: `noting the cancel of restore ${ref.name}` }, async () => {
      const change = changeRestore(cluster, ref, (live) => {
        const { metadata, status = {} } = live
        const isOurs = metadata.annotations?.[claimedAnnotation] !== undefined
        const isOver = isTerminal(status.phase) && !isSweptByVelero(status)
        if (!isOurs || isOver || runOf(live) !== run || levelsOf(live).cancel !== undefined) return undefined
        // These words stand for no reason, or for no cancel.
        const reason = /^(true|false)?$/i.test(because.trim()) ? 'true' : because
        return { metadata: { annotations: { [cancelAnnotation]: reason } } }
      })
      await unlessGone(change)
    })
}
