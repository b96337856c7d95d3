import type { EndedRestore } from '../core/notify/notice-facts.ts'
import type { EndDetails } from '../core/report/failure-causes.ts'
import type { RestoreRef } from './restore-workflow.ts'

/** What the worker that admits a restore tells its workflow of notifications: they are set, and so. */
export interface NotifyOrder {
  /** `trouble`: of every phase but `Completed`. */
  on: 'all' | 'trouble'
  /** How long one notification is tried. */
  seconds: number
}

/** The type of the workflow that notifies of the end of a restore or a drill. */
export const notifyWorkflowType = 'notify'

/** The input of the workflow and the activity `notify`. */
export interface NotifyInput {
  /** Which Restore has ended; an Event on it tells of a notification that was not delivered. */
  ref: RestoreRef
  /** The run that has ended, from 2 for a retry. */
  run?: number
  seconds: number
  /** How it ended, where its resource may be gone when that is told; otherwise the resource is read. */
  ended?: EndedRestore
  /** What the results say beyond that. */
  details?: EndDetails
  /** Where a browser finds the report. */
  reportUrl?: string
  /** The name of the drill, where it is the end of one that is told. */
  drill?: string
  /** What happened, in place of the sentence about a restore. */
  sentence?: string
  /** What the Event about a notification that was not delivered is recorded on; absent: the Restore. */
  subject?: NotifySubject
}

/** An object of Velero. */
export interface NotifySubject {
  kind: 'Restore' | 'Schedule' | 'Backup'
  name: string
  /** Empty where it is gone. */
  uid: string
}

/** What came of it; a notification that is not delivered fails the workflow. */
export type NotifyReport = { do: 'delivered' } | { do: 'nothing'; because: string }

/** The id of the workflow that notifies of the end of one run of a Restore, or of its drill. */
export function notifyWorkflowIdOf({ ref, run = 1, drill }: Pick<NotifyInput, 'ref' | 'run' | 'drill'>): string {
  const of = drill === undefined ? '' : '/drill'
  return `notify/${ref.namespace}/${ref.name}/${ref.uid}/${run}${of}`
}
