import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import type { ProgressAnswer } from './query-progress.ts'

/** Where a restore stands, as people are shown it. */
export interface RestoreState {
  name: string
  phase: RestorePhase | 'Gone'
  over: boolean
  /** From 1; absent before the first wave, and where the workflow does not answer. */
  wave?: number
  waves?: number
  groupResource?: string
  itemsDone: number
  /** 0 while it is not known. */
  itemsTotal: number
  warnings: number
  errors: number
  waitingFor?: string
}

/** Puts together what the Restore and its workflow say. The phase is the Restore's; the counts are whoever's are further. */
export function restoreState(name: string, restore: Restore | undefined, answer: ProgressAnswer): RestoreState {
  if (restore === undefined)
    return { name, phase: 'Gone', over: true, itemsDone: 0, itemsTotal: 0, warnings: 0, errors: 0 }
  const { status = {} } = restore
  const over = isOver(restore)
  const progress = answer.do === 'answer' ? answer.progress : undefined
  const waitingFor = answer.do === 'answer' ? answer.progress.waitingFor : answer.waitingFor
  return {
    name,
    phase: status.phase || 'New',
    over,
    ...(progress === undefined || progress.waves === 0 ? {} : { wave: progress.wave, waves: progress.waves }),
    ...(progress?.groupResource === undefined ? {} : { groupResource: progress.groupResource }),
    itemsDone: Math.max(progress?.itemsDone ?? 0, status.progress?.itemsRestored ?? 0),
    itemsTotal: Math.max(progress?.itemsTotal ?? 0, status.progress?.totalItems ?? 0),
    warnings: Math.max(progress?.warnings ?? 0, status.warnings ?? 0),
    errors: Math.max(progress?.errors ?? 0, status.errors ?? 0),
    ...(over || waitingFor === undefined ? {} : { waitingFor }),
  }
}

/** Whether nothing more comes. What a starting Velero server marked as failed is put right by the worker (rule 1). */
export function isOver(restore: Restore): boolean {
  const { status = {} } = restore
  if (!isTerminal(status.phase)) return false
  return restore.metadata.annotations?.[claimedAnnotation] === undefined || !isSweptByVelero(status)
}
