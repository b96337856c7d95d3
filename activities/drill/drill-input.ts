import { Context } from '@temporalio/activity'
import type { DrillRequest } from '../../core/drill/drill-request.ts'
import { wrongCluster } from '../frame/failures.ts'
import type { Cluster, Ports } from '../ports.ts'

/** What the activities of drills work with. */
export type DrillPorts = Pick<Ports, 'cluster' | 'stores' | 'archives' | 'presence' | 'clock' | 'log' | 'meter'>

/** One run of a drill. */
export interface DrillRun {
  request: DrillRequest
  /** The name of its Restore. */
  restore: string
  /** When it began; RFC 3339 with milliseconds. */
  at: string
}

/** Whether a look has looked for so long, over all its attempts. */
export function isOver(clock: Ports['clock'], patienceSeconds: number): boolean {
  return clock.now().getTime() >= Context.current().info.scheduledTimestampMs + patienceSeconds * 1000
}

/** The frame of an activity of a drill; one attempt works at a time (rule 7). */
export function frameOf({ request, restore }: DrillRun, doing: string): { doing: string; scope: string } {
  return { doing: `${doing} of drill ${request.name}`, scope: `drill-${restore}/work` }
}

/** Refuses a drill of another cluster for good (rule 3). */
export function checkCluster(cluster: Cluster, { request }: DrillRun): void {
  if (cluster.id !== request.cluster) throw wrongCluster(request.cluster, cluster.id)
}
