import { claimedAnnotation } from '../../velero/labels.ts'
import { isNew, isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { isSweptByVelero } from '../results/restore-status.ts'
import { runOf } from './decide-retry.ts'

/** Why a run writes nothing, as a sentence after "it". `over`: the run has no work left, since the restore or the run has ended. */
export interface NotUnderway {
  why: string
  over: boolean
}

/**
 * Why a run may write nothing for its restore; undefined where it may: the Restore is claimed, is in that run and has not
 * ended (rule 1). The mark of a starting Velero server is no end. `after`: what is allowed after the end too, be it a failure
 * alone, as for results that are stored late, or any end, as for what takes away.
 */
export function whyNotUnderway(
  restore: Restore,
  run: number,
  { after }: { after?: 'failure' | 'end' | undefined } = {},
): NotUnderway | undefined {
  const { status = {}, metadata } = restore
  if (metadata.annotations?.[claimedAnnotation] === undefined || isNew(status.phase))
    return { why: 'is not claimed', over: false }
  const isLate = after === 'end' || (after === 'failure' && status.phase === 'Failed')
  if (isTerminal(status.phase) && !isSweptByVelero(status) && !isLate)
    return { why: `is ${status.phase}: use drydock retry`, over: true }
  return runOf(restore) === run ? undefined : { why: `is in run ${runOf(restore)}, not in run ${run}`, over: true }
}
