import { Context } from '@temporalio/activity'
import type { DrillRequest } from '../../core/drill/drill-request.ts'
import type { ScratchOwner } from '../../core/drill/scratch-namespace.ts'
import { wrongCluster } from '../frame/failures.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { ActivityFrame, Attempt } from '../frame/run-activity.ts'
import type { Ports } from '../ports.ts'

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

/** Whose the scratch namespaces of a run are. */
export function ownerOf({ request: { name, namespace }, restore, at }: DrillRun): ScratchOwner {
  return { namespace, drill: name, restore, at }
}

/** Whether a look has looked for so long, over all its attempts. */
export function isOver(clock: Ports['clock'], patienceSeconds: number): boolean {
  return clock.now().getTime() >= Context.current().info.scheduledTimestampMs + patienceSeconds * 1000
}

/**
 * The frame of every activity of a drill: one attempt works at a time (rule 7), and a drill of another cluster is refused for good
 * (rule 3). `doing` is such as `telling the end`.
 */
export function runDrillStep<T>(
  { cluster, presence }: Pick<DrillPorts, 'cluster' | 'presence'>,
  { request, restore }: DrillRun,
  { doing, ...frame }: Pick<ActivityFrame, 'doing' | 'followsEarlierRun'>,
  body: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const scope = `drill-${restore}/work`
  return runActivity(presence, { ...frame, doing: `${doing} of drill ${request.name}`, scope }, (attempt) => {
    if (cluster.id !== request.cluster) throw wrongCluster(request.cluster, cluster.id)
    return body(attempt)
  })
}
