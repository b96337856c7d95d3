import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { Meter } from '../../activities/ports.ts'
import type { RestorePhase } from '../../velero/phases.ts'

/** Schedules whose counters begin at 0 before anything is counted. */
const schedulesMax = 500

/** Velero's counters of restores under Velero's names, so that dashboards and alerts go on working. Source: pkg/metrics/metrics.go. */
export function countRestores(registry: Registry): {
  meter: Pick<Meter, 'restoreAttempted' | 'restoreEnded'>
  setRestores: (count: number) => void
  scheduleSeen: (schedule: string) => void
} {
  const counter = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['schedule'], registers: [registry] })
  const total = new Gauge({
    name: 'velero_restore_total',
    help: 'Restores in the Velero namespace',
    registers: [registry],
  })
  const attempts = counter('velero_restore_attempt_total', 'Restores that were validated, whatever came of it')
  const ended: Record<'FailedValidation' | 'Failed' | 'PartiallyFailed' | 'Completed', Counter<'schedule'>> = {
    FailedValidation: counter('velero_restore_validation_failed_total', 'Restores that failed validation'),
    Failed: counter('velero_restore_failed_total', 'Restores that failed, cancelled ones too'),
    PartiallyFailed: counter('velero_restore_partial_failure_total', 'Restores that ended with errors'),
    Completed: counter('velero_restore_success_total', 'Restores that ended without an error'),
  }
  const seen = new Set<string>()
  const scheduleSeen = (schedule: string): void => {
    if (seen.has(schedule) || seen.size >= schedulesMax) return
    seen.add(schedule)
    for (const one of [attempts, ...Object.values(ended)]) one.inc({ schedule }, 0)
  }
  scheduleSeen('')
  return {
    meter: {
      restoreAttempted: (schedule) => {
        scheduleSeen(schedule)
        attempts.inc({ schedule })
      },
      restoreEnded: (phase, schedule) => counterOf(ended, phase)?.inc({ schedule }),
    },
    setRestores: (count) => total.set(count),
    scheduleSeen,
  }
}

function counterOf<T>(ended: Partial<Record<RestorePhase, T>>, phase: RestorePhase): T | undefined {
  return ended[phase]
}
