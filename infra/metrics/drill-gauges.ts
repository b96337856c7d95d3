import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Meter } from '../../activities/ports.ts'

/** What a drill is known by at a moment. Times are in seconds since 1970. */
export interface DrillFigures {
  drill: string
  createdAt: number
  paused: boolean
  /** Whether the last run was a success; absent before the first one. */
  lastOk?: boolean
  lastSuccessAt?: number
  /** How long its restore took. */
  lastSeconds?: number
}

/** The Velero namespace of a drill: two of them may have a drill of one name. Prometheus has a label `namespace` of its own. */
const namespaceLabel = 'velero_namespace'

/**
 * The metrics of drills of one Velero namespace. The gauges are those of all drills and come from one worker, the leader: a worker that has run a drill long
 * ago must not go on telling of it.
 */
export function countDrills(
  registry: Registry,
  veleroNamespace: string,
): {
  meter: Pick<Meter, 'drillEnded'>
  setDrills: (drills: readonly DrillFigures[]) => void
} {
  const labelNames = [namespaceLabel, 'drill'] as const
  const of = (drill: string) => ({ [namespaceLabel]: veleroNamespace, drill })
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames, registers: [registry] })
  const success = gauge(
    'drydock_drill_last_success_timestamp_seconds',
    'When the last drill began that succeeded; 0 before the first',
  )
  const duration = gauge(
    'drydock_drill_last_duration_seconds',
    'How long the restore of the last drill that succeeded took',
  )
  const ok = gauge('drydock_drill_last_ok', 'Whether the last drill succeeded: 1 or 0')
  const created = gauge('drydock_drill_created_timestamp_seconds', 'When the drill was created')
  const paused = gauge('drydock_drill_paused', 'Whether the drill is paused: 1 or 0')
  const failures = new Counter({
    name: 'drydock_drill_failures_total',
    help: 'Drills that failed',
    labelNames,
    registers: [registry],
  })
  return {
    meter: { drillEnded: (drill, isOk) => failures.inc(of(drill), isOk ? 0 : 1) },
    setDrills(drills) {
      for (const one of [success, duration, ok, created, paused]) one.reset()
      for (const { drill, createdAt, paused: isPaused, lastSuccessAt = 0, lastSeconds, lastOk } of drills) {
        const labels = of(drill)
        created.set(labels, createdAt)
        paused.set(labels, isPaused ? 1 : 0)
        success.set(labels, lastSuccessAt)
        if (lastSeconds !== undefined) duration.set(labels, lastSeconds)
        if (lastOk !== undefined) ok.set(labels, lastOk ? 1 : 0)
        failures.inc(labels, 0)
      }
    },
  }
}
