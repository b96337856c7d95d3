import type { RestorePhase } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import type { FailureCause } from '../core/report/failure-causes.ts'
import type { TimelineEntry } from '../core/report/timeline.ts'
import type { HandedCounts } from '../core/results/chunk-counts.ts'
import { query, signal } from './messages.ts'

export type { RestoreOutcome } from './restore-outcome.ts'
export { taskQueueOf } from './task-queue.ts'

/** Identifies one Restore: its uid tells it from a later Restore with the same name. */
export interface RestoreRef {
  namespace: string
  name: string
  uid: string
  /** The uid of namespace `kube-system` of the target cluster (rule 3). */
  cluster: string
}

/** The identity of a Restore as the API server of `cluster` has it; `namespace` is where it was looked for. */
export function restoreRefOf({ metadata }: Restore, where: { namespace: string; cluster: string }): RestoreRef {
  const { namespace = where.namespace, name, uid = '' } = metadata
  return { namespace, name, uid, cluster: where.cluster }
}

/** The identity alone of what carries more, such as the input of a workflow. */
export function bareRefOf({ namespace, name, uid, cluster }: RestoreRef): RestoreRef {
  return { namespace, name, uid, cluster }
}

/** Identifies one Restore that was admitted, with the location of its files. */
export interface AdmittedRef extends RestoreRef {
  /** Name of the BackupStorageLocation that holds backup, journal and results. */
  location: string
  /** The run of the restore: 2 for the first retry. Absent in the first run. */
  run?: number
}

/** The type of the workflow that restores, as the Web UI shows it. */
export const restoreWorkflowType = 'restore'

/** The id of the workflow that restores. A Restore that was deleted and created again gets another one. */
export function workflowIdOf(ref: { namespace: string; name: string; uid: string }): string {
  return `restore/${ref.namespace}/${ref.name}/${ref.uid}`
}

/** The type of the workflow that deletes what belongs to a Restore. */
export const deleteWorkflowType = 'deleteRestore'

/** The id of the workflow that deletes what belongs to a Restore: all workers start the same one. */
export function deleteWorkflowIdOf(ref: { namespace: string; name: string; uid: string }): string {
  return `delete/${ref.namespace}/${ref.name}/${ref.uid}`
}

/** The input of the workflow `restore`. */
export interface RestoreInput extends RestoreRef {
  /** The search attributes are registered in this Temporal namespace, so the workflow may set them. */
  tagged?: boolean
  /** Index of the first wave that may be incomplete; set when a long history continues as new. */
  fromWave?: number
  /** Index of the first chunk of that wave that no run has begun; set likewise. */
  fromChunk?: number
  /** Chunks of this wave and earlier ones with items that are to be tried again, as `chunkKey` names them; set likewise. */
  parked?: readonly string[]
  /** Those of the parked chunks whose items take long; set likewise. */
  slow?: readonly string[]
  /** Those of the parked chunks whose items all lack something; set likewise. */
  missing?: readonly string[]
  /** Target namespaces that could not be created in their wave; set likewise. */
  refused?: readonly string[]
  /** What the run before showed; set likewise. */
  shown?: ShownProgress
}

/** What people see of a restore, as one run hands it to the next: progress never goes back. */
export interface ShownProgress {
  wave: number
  waves: number
  itemsTotal: number
  counts: HandedCounts
  /** The most recent failures. */
  failures: readonly string[]
  /** The most frequent causes of errors, by chunk; those of chunks that do not report again are under an empty key. */
  causes?: Readonly<Record<string, readonly FailureCause[]>>
  /** What has happened, for the report. */
  timeline?: readonly TimelineEntry[]
  /** Why the restore is paused, where the Restore does not say so yet. */
  paused?: string
}

/** Stops a restore at the next item; the argument is the reason, as text or as `{ reason }`. */
export const cancelSignal = signal<[(string | { reason?: string })?]>('cancel')
/** The reason that is sent when the Restore itself is deleted: no result files are written then. */
export const deletedReason = 'the Restore was deleted'
/** Sent when a starting Velero server has marked a running restore as Failed: the workflow puts the phase back (rule 1). */
export const sweptSignal = signal('swept')
/** Starts no further chunk until the signal `resume`; the argument is the reason. */
export const pauseSignal = signal<[(string | { reason?: string })?]>('pause')
/** Ends a pause. */
export const resumeSignal = signal('resume')

/** Sent when somebody has changed what stands on the Restore: the run reads it and does what it says. */
export const lookSignal = signal('look')

/** The answer of the query `progress`. */
export interface RestoreProgress {
  phase: RestorePhase | 'Gone'
  /** Number of the wave that is being restored, from 1; 0 before the first. */
  wave: number
  waves: number
  /** The resource of this wave, such as `deployments.apps`. */
  groupResource?: string
  itemsDone: number
  itemsTotal: number
  /** Items of this wave that are still to come; absent before the plan is made, and from an older worker. */
  waveLeft?: number
  created: number
  updated: number
  skipped: number
  failed: number
  warnings: number
  errors: number
  /** What the restore waits for, in words; absent while it works. */
  waitingFor?: string
  /** RFC 3339. */
  startedAt?: string
}

/** How `waitingFor` begins while a restore is paused; the reason of the pause follows. */
export const pausedWords = 'resume: paused '

/** Asks how far the restore is. */
export const progressQuery = query<RestoreProgress>('progress')
/** Asks for the number of items in each wave and chunk; undefined before the plan is made. */
export const planQuery = query<PlanSummary | undefined>('plan')
/** Asks for the most recent failures that are being retried or were recorded, as short texts. */
export const failuresQuery = query<readonly string[]>('failures')
