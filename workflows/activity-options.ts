import { proxyActivities } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'

/** Waits between attempts: soon at first, never more than half a minute, so that an outage ends with the outage. */
const retry = { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' } as const

/** An attempt that does not beat for so long is taken for dead; it beats each second. */
const heartbeatTimeout = '10s'

/** One read or write of the Restore. Given up after two hours: then the cluster is gone, not busy. */
export const quick = proxyActivities<Activities>({
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '2h',
  heartbeatTimeout,
  retry,
})

/** The archive is read and planned: as long as a large download takes, with time for an outage of the bucket. */
export const planning = proxyActivities<Activities>({
  startToCloseTimeout: '4h',
  scheduleToCloseTimeout: '12h',
  heartbeatTimeout,
  retry,
})

/** A chunk: minutes as a rule; the bound is for outages. */
export const chunks = proxyActivities<Activities>({
  startToCloseTimeout: '4h',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout,
  retry,
})

/** The result files of a good restore wait for their bucket, visibly, for a day. */
export const results = proxyActivities<Activities>({
  startToCloseTimeout: '30m',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout,
  retry,
})

/** The result files of a cancelled or failed restore do not keep its phase waiting for longer (rule 13). */
export const lastResults = proxyActivities<Activities>({
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '60s',
  heartbeatTimeout,
  retry: { ...retry, maximumInterval: '5s' },
})

/** A terminal phase is written, however long that takes: every claimed restore reaches one. */
export const lastPhase = proxyActivities<Activities>({ startToCloseTimeout: '2m', heartbeatTimeout, retry })

/** A wait for node agents, which may take days: what is waited for has deadlines of its own. */
export const waits = proxyActivities<Activities>({
  startToCloseTimeout: '90d',
  scheduleToCloseTimeout: '90d',
  heartbeatTimeout,
  retry,
})

/** What is called off at the end of a restore does not keep its phase waiting for longer. */
export const lastOrders = proxyActivities<Activities>({
  startToCloseTimeout: '15s',
  scheduleToCloseTimeout: '15s',
  heartbeatTimeout,
  retry: { ...retry, maximumInterval: '2s' },
})

/** What a restore can do without: given up after two minutes. */
export const brief = proxyActivities<Activities>({
  startToCloseTimeout: '1m',
  scheduleToCloseTimeout: '2m',
  heartbeatTimeout,
  retry: { ...retry, maximumInterval: '5s' },
})
