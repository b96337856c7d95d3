import { Client, Connection } from '@temporalio/client'

/** When an activity was scheduled, started and ended, in milliseconds since the workflow began. */
export interface ActivityTimes {
  activity: string
  scheduled: number
  started: number
  ended: number
}

/**
 * Reads from the history of a workflow when each of its activities ran, in the order in which they were scheduled. Gaps between
 * them are time in which nothing of the restore was done.
 */
export async function activityTimes(address: string, workflowId: string): Promise<ActivityTimes[]> {
  const connection = await Connection.connect({ address })
  try {
    const { events } = await new Client({ connection }).workflow.getHandle(workflowId).fetchHistory()
    const began = msOf(events?.[0]?.eventTime)
    const times = new Map<string, ActivityTimes>()
    for (const { eventId, eventTime, ...event } of events ?? []) {
      const at = msOf(eventTime) - began
      const scheduled = event.activityTaskScheduledEventAttributes
      if (scheduled) {
        const activity = scheduled.activityType?.name ?? ''
        times.set(String(eventId), { activity, scheduled: at, started: NaN, ended: NaN })
      }
      const started = event.activityTaskStartedEventAttributes
      if (started) Object.assign(times.get(String(started.scheduledEventId)) ?? {}, { started: at })
      const ended =
        event.activityTaskCompletedEventAttributes ??
        event.activityTaskFailedEventAttributes ??
        event.activityTaskCanceledEventAttributes
      if (ended) Object.assign(times.get(String(ended.scheduledEventId)) ?? {}, { ended: at })
    }
    return [...times.values()]
  } finally {
    await connection.close()
  }
}

function msOf(time: { seconds?: unknown; nanos?: number | null } | null | undefined): number {
  return Number(time?.seconds ?? 0) * 1000 + Math.round((time?.nanos ?? 0) / 1e6)
}
