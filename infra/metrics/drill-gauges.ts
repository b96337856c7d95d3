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

/**
 * The metrics of drills. The gauges are those of all drills and come from one worker, the leader: a worker that has run a drill long
 * ago must not go on telling of it.
 */
export function countDrills(registry: Registry): {
  meter: Pick<Meter, 'drillEnded'>
  setDrills: (drills: readonly DrillFigures[]) => void
} {
  const gauge = (name: string, help: string) => new Gauge({ name, help, labelNames: ['drill'], registers: [registry] })
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
    labelNames: ['drill'],
    registers: [registry],
  })
  return {
    meter: { drillEnded: (drill, isOk) => failures.inc({ drill }, isOk ? 0 : 1) },
    setDrills(drills) {
      for (const one of [success, duration, ok, created, paused]) one.reset()
      for (const { drill, ...of } of drills) {
        created.set({ drill }, of.createdAt)
        paused.set({ drill }, of.paused ? 1 : 0)
        success.set({ drill }, of.lastSuccessAt ?? 0)
        if (of.lastSeconds !== undefined) duration.set({ drill }, of.lastSeconds)
        if (of.lastOk !== undefined) ok.set({ drill }, of.lastOk ? 1 : 0)
        failures.inc({ drill }, 0)
      }
    },
  }
}
