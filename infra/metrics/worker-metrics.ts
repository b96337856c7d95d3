import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Meter } from '../../activities/ports.ts'
import { countDrills } from './drill-gauges.ts'
import type { DrillFigures } from './drill-gauges.ts'
import { countRestores } from './restore-counters.ts'

/** What a worker counts, and the text that Prometheus reads. */
export interface WorkerMetrics {
  meter: Meter
  /** One request to the API server was answered; 0 where no answer came. */
  requestDone: (verb: string, code: number, seconds: number) => void
  /** Something was waited for; the words are put into a class, so that no name becomes a label. */
  waited: (reason: string, seconds: number) => void
  /** An activity of a restore began here; call the returned function when it ends. */
  restoreBegan: (restore: string) => () => void
  /** An attempt of an activity failed with this type of failure. */
  attemptFailed: (activity: string, type: string) => void
  /** How many Restores the Velero namespace has. */
  setRestores: (count: number) => void
  /** A Restore of this schedule was seen (empty: of none): its counters begin at 0, so that an alert sees the first failure. */
  scheduleSeen: (schedule: string) => void
  /** All drills there are: the gauges of others end. Only the leader tells of them. */
  setDrills: (drills: readonly DrillFigures[]) => void
  text: () => Promise<string>
}

const secondsOfRequests = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/**
 * Makes the metrics of one worker, which works for one Velero namespace: Velero's names where Velero has them, `drydock_…` for the rest. Labels are kinds,
 * outcomes, verbs, codes, schedules and drills. Never the name of an object: those are secret at some places and endless at all.
 */
export function createMetrics({ namespace }: { namespace: string }): WorkerMetrics {
  const registers = [new Registry()] as const
  const [registry] = registers
  collectDefaultMetrics({ register: registry })
  const restores = countRestores(registry)
  const drills = countDrills(registry, namespace)
  const running = runningRestores(registry)
  const items = new Counter({
    name: 'drydock_items_total',
    help: 'Items whose outcome was journalled, by resource and outcome',
    labelNames: ['kind', 'outcome'],
    registers: [...registers],
  })
  const waits = new Counter({
    name: 'drydock_wait_seconds_total',
    help: 'Seconds that activities waited, by what they waited for',
    labelNames: ['reason'],
    registers: [...registers],
  })
  for (const reason of waitClasses) waits.inc({ reason }, 0)
  const failures = new Counter({
    name: 'drydock_attempt_failures_total',
    help: 'Attempts of activities that failed, by type of failure; most are tried again',
    labelNames: ['activity', 'type'],
    registers: [...registers],
  })
  const requests = new Histogram({
    name: 'drydock_api_request_seconds',
    help: 'Time of requests to the API server, by verb and code (0: no answer)',
    labelNames: ['verb', 'code'],
    buckets: secondsOfRequests,
    registers: [...registers],
  })
  return {
    meter: {
      ...restores.meter,
      ...drills.meter,
      itemsDone(kind, outcomes) {
        for (const { action } of outcomes) items.inc({ kind, outcome: action ?? 'unlisted' })
      },
    },
    requestDone: (verb, code, seconds) => requests.observe({ verb, code: String(code) }, seconds),
    waited: (reason, seconds) => waits.inc({ reason: waitClassOf(reason) }, seconds),
    restoreBegan: running,
    attemptFailed: (activity, type) => failures.inc({ activity, type }),
    setRestores: restores.setRestores,
    scheduleSeen: restores.scheduleSeen,
    setDrills: drills.setDrills,
    text: () => registry.metrics(),
  }
}

/** Counts restores, not their activities: several run side by side. */
function runningRestores(registry: Registry): (restore: string) => () => void {
  const activities = new Map<string, number>()
  const gauge = new Gauge({
    name: 'drydock_restores_running',
    help: 'Restores of which an activity runs on this worker',
    registers: [registry],
  })
  const change = (restore: string, by: number) => {
    const count = (activities.get(restore) ?? 0) + by
    if (count > 0) activities.set(restore, count)
    else activities.delete(restore)
    gauge.set(activities.size)
  }
  return (restore) => {
    change(restore, 1)
    return () => change(restore, -1)
  }
}

/** What activities and their retries wait for, as few words as there are remedies. */
const classes: readonly (readonly [RegExp, string])[] = [
  // By their beginning first: the names of objects come later in a sentence.
  [/^(?:waiting for )?(?:Restore \S+, which |one of the \d+ restores |its turn\b)/, 'lock'],
  [/^(?:waiting for )?\d+ of \d+ operations/, 'operation'],
  [/^(?:waiting for )?(?:hooks? |container )/, 'hook'],
  [/^(?:waiting for )?(?:pod |claim |volume |PVC |PV )/, 'volume'],
  [/^(?:waiting for )?namespace /, 'namespace'],
  [/^(?:waiting for )?CRD /, 'crd'],
  [/\b(?:lock|turn)\b/i, 'lock'],
  [/lease|worker/i, 'lease'],
  [/hook/i, 'hook'],
  [/volume|datadownload/i, 'volume'],
  [/operation/i, 'operation'],
  [/archive/i, 'archive'],
  [/bucket|location/i, 'bucket'],
  [/\bapi server|cluster/i, 'cluster'],
  [/namespace/i, 'namespace'],
]

/** All classes of reasons. */
export const waitClasses: ReadonlySet<string> = new Set([...classes.map(([, name]) => name), 'other'])

/** The class of a reason in words: a label must not hold names. */
export function waitClassOf(reason: string): string {
  return classes.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other'
}
