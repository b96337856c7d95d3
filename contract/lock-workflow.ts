import { query, signal } from './messages.ts'
import type { LockRequest, Locks } from '../core/locks/decide-grants.ts'

/** The type of the workflow that grants namespaces to restores. */
export const locksWorkflowType = 'namespaceLocks'

/** The id of the workflow that grants namespaces: one for each cluster and Velero namespace (rule 9). */
export function locksWorkflowIdOf(ref: { namespace: string; cluster: string }): string {
  return `locks/${ref.namespace}/${ref.cluster}`
}

/** The locks of one run of a restore. */
export interface LocksOfRun {
  /** The workflow of the locks, which is started where it does not run, and the signal by which it is asked. */
  locks: { workflowType: string; workflowId: string; signal: string }
  run: { workflowId: string; runId: string }
}

/** The argument of the signal `request`. */
export interface LockSignal {
  request: LockRequest
  /** How many restores may hold namespaces at the same time. */
  restoresMax: number
}

/** The argument of the signals `widen` and `withdraw`. */
export interface WidenSignal {
  run: { workflowId: string; runId: string }
  namespaces: string[]
}

/** The answer of the query `namespaces`: whether a run of a restore holds its target namespaces. */
export interface Hold {
  /** `asked`: the request is sent and not granted yet. */
  state: 'none' | 'asked' | 'held'
  runId: string
}

/** Sent to the lock workflow: asks for the target namespaces of a restore. */
export const requestLocksSignal = signal<[LockSignal]>('request')
/** Sent to the lock workflow: a run that holds its namespaces wants others besides. */
export const widenLocksSignal = signal<[WidenSignal]>('widen')
/** Sent to the lock workflow: a run does without namespaces that it wanted besides, and has not got. */
export const withdrawLocksSignal = signal<[WidenSignal]>('withdraw')
/** Sent to the lock workflow: this run no longer needs its namespaces. */
export const releaseLocksSignal = signal<[{ workflowId: string; runId: string }]>('release')
/** Sent to a restore: the namespaces are granted, or `behind` says what the restore waits for. */
export const locksSignal = signal<[{ runId: string; behind?: string }]>('locks')
/** Asks a restore whether it holds its target namespaces. */
export const holdQuery = query<Hold>('namespaces')
/** Asks the lock workflow which restores hold namespaces and which wait. */
export const locksQuery = query<Locks>('locks')
