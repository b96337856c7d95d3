import { Client, Connection } from '@temporalio/client'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import type { Restore } from '../../velero/restore.ts'
import type { TestCluster } from './stack.ts'

/** One activity in the history of a restore. */
export interface ActivityAttempt {
  activity: string
  /** Which attempt it was that ended it. */
  attempt: number
  /** The worker that ran it. */
  worker: string
  /** Why the attempt before it failed. */
  lastFailure: string | undefined
}

/** Reads from the history of a restore which activities ran, where, and at which attempt. */
export function activityAttempts(cluster: TestCluster, restore: Restore): Promise<ActivityAttempt[]> {
  const { name, namespace = '', uid = '' } = restore.metadata
  return attemptsIn(cluster, workflowIdOf({ name, namespace, uid }))
}

/** The same, from the history of any workflow. */
export async function attemptsIn(cluster: TestCluster, workflowId: string): Promise<ActivityAttempt[]> {
  const connection = await Connection.connect({ address: cluster.temporal.address })
  try {
    const handle = new Client({ connection }).workflow.getHandle(workflowId)
    const { events } = await handle.fetchHistory()
    const scheduled = new Map<string, string>()
    const attempts: ActivityAttempt[] = []
    for (const event of events ?? []) {
      const begun = event.activityTaskScheduledEventAttributes
      if (begun) scheduled.set(String(event.eventId), begun.activityType?.name ?? '')
      const started = event.activityTaskStartedEventAttributes
      if (!started) continue
      attempts.push({
        activity: scheduled.get(String(started.scheduledEventId)) ?? '',
        attempt: started.attempt ?? 0,
        worker: started.identity ?? '',
        lastFailure: started.lastFailure?.message ?? undefined,
      })
    }
    return attempts
  } finally {
    await connection.close()
  }
}
