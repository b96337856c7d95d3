import { defineQuery, defineSignal } from '@temporalio/workflow'
import type { RestorePhase } from '../velero/phases.ts'
import type { Hold } from '../activities/locks/find-holders.ts'
import type { LockSignal } from '../activities/locks/request-locks.ts'
import type { Locks } from '../core/locks/decide-grants.ts'
import type { PlanSummary } from '../core/plan/plan.ts'

/** Which restore: enough to find it and to be sure that it is the same one. */
export interface RestoreRef {
  namespace: string
  name: string
  uid: string
  /** The uid of namespace `kube-system` of the target cluster (rule 3). */
  cluster: string
}

/** The input of workflow `restore`. */
export interface RestoreInput extends RestoreRef {
  /** Search attributes are registered in this Temporal namespace, so the workflow may set them. */
  tagged?: boolean
  /** The first wave that is not known to be done; set when a long history is continued as new. */
  fromWave?: number
}

/** What a finished workflow returns. A cancelled one is closed as Canceled instead. */
export interface RestoreOutcome {
  phase: RestorePhase | 'Gone'
  items: number
  warnings: number
  errors: number
  /** Why it failed, was cancelled or was not valid, where whoever tells the outcome knows. */
  reason?: string
}

/** The type of the workflow, as the Web UI shows it. */
export const restoreWorkflowType = 'restore'

export { workflowIdOf } from './workflow-id.ts'

/** The type of the workflow that deletes what belongs to a Restore. */
export const deleteWorkflowType = 'deleteRestore'

/** The workflow that deletes what belongs to a Restore: one for each, however many workers see it go. */
export function deleteWorkflowIdOf(ref: { namespace: string; name: string; uid: string }): string {
  return `delete/${ref.namespace}/${ref.name}/${ref.uid}`
}

/** The type of the workflow that says which restore may write into which namespace. */
export const locksWorkflowType = 'namespaceLocks'

/** The workflow of the locks: one for each cluster and Velero namespace (rule 9). */
export function locksWorkflowIdOf(ref: { namespace: string; cluster: string }): string {
  return `locks/${ref.namespace}/${ref.cluster}`
}

/** The queue that the workers of one cluster and one Velero namespace poll (rule 3). */
export function taskQueueOf(cluster: string, veleroNamespace: string): string {
  return `drydock-${cluster}-${veleroNamespace}`
}

/** Asks a restore to stop at the next item; the argument is the reason, as text or as `{ reason }`. */
export const cancelSignal = defineSignal<[(string | { reason?: string })?]>('cancel')
/** The reason of a cancel where the Restore itself is deleted: then its result files are of no use to anyone. */
export const deletedReason = 'the Restore was deleted'
/** A starting Velero server has marked the running restore as Failed: the phase is put back (rule 1). */
export const sweptSignal = defineSignal('swept')
/** Stops starting new chunks until `resume`. */
export const pauseSignal = defineSignal<[(string | { reason?: string })?]>('pause')
/** Goes on after `pause`. */
export const resumeSignal = defineSignal('resume')

/** Asks the workflow of the locks for namespaces. */
export const requestLocksSignal = defineSignal<[LockSignal]>('request')
/** Tells it that a run needs its namespaces no more. */
export const releaseLocksSignal = defineSignal<[{ workflowId: string; runId: string }]>('release')
/** Its answer to a restore: `behind` says what is being waited for, and is absent where all are granted. */
export const locksSignal = defineSignal<[{ runId: string; behind?: string }]>('locks')
/** Asks a restore whether it holds its target namespaces. */
export const holdQuery = defineQuery<Hold>('namespaces')
/** Who holds namespaces and who waits. */
export const locksQuery = defineQuery<Locks>('locks')

/** What `progress` answers. */
export interface RestoreProgress {
  phase: RestorePhase | 'Gone'
  /** The wave being restored, from 1; 0 before the first. */
  wave: number
  waves: number
  groupResource?: string
  itemsDone: number
  itemsTotal: number
  created: number
  updated: number
  skipped: number
  failed: number
  warnings: number
  errors: number
  /** What is being waited for, in words; absent while work goes on. */
  waitingFor?: string
  startedAt?: string
}

/** Where the restore stands. */
export const progressQuery = defineQuery<RestoreProgress>('progress')
/** The waves and chunks, as counts. */
export const planQuery = defineQuery<PlanSummary | undefined>('plan')
/** The most recent trouble that is being retried or was recorded, as short texts. */
export const failuresQuery = defineQuery<readonly string[]>('failures')
