import type { DrillRequest } from '../core/drill/drill-request.ts'

export type { DrillRequest } from '../core/drill/drill-request.ts'
export type { DrillRecord } from '../core/drill/drill-record.ts'

/** The type of the workflow of one drill. It runs on the task queue of the workers of its cluster and Velero namespace. */
export const drillWorkflowType = 'drill'

/** Which drill: its name is unique in a cluster and a Velero namespace. */
export type DrillRef = Pick<DrillRequest, 'cluster' | 'namespace' | 'name'>

/** What the ids of the Temporal Schedules of all drills begin with: two clusters may share a Temporal namespace (rule 3). */
export function drillScheduleIdPrefix({ cluster, namespace }: Omit<DrillRef, 'name'>): string {
  return `drydock-drill:${cluster}:${namespace}:`
}

/** The id of the Temporal Schedule of a drill. */
export function drillScheduleIdOf(ref: DrillRef): string {
  return `${drillScheduleIdPrefix(ref)}${ref.name}`
}

/** What the ids of the workflows of a drill begin with; Temporal adds the time. */
export function drillWorkflowIdOf({ cluster, namespace, name }: DrillRef): string {
  return `drill/${cluster}/${namespace}/${name}`
}

/** The memo of the Temporal Schedule of a drill: what a list of drills shows without asking for each. */
export interface DrillMemo extends Record<string, unknown> {
  /** RFC 3339. */
  createdAt: string
  request: DrillRequest
  /** As it was given: an expression of cron. */
  cron: string
  timeZone: string
}

/** The type of the failure of a drill that failed; its first detail is the `DrillRecord`. */
export const drillFailedType = 'DrillFailed'
