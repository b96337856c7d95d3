import type { DrillRecord } from '../drill/drill-record.ts'
import type { EndedRestore } from './notice-facts.ts'

/**
 * How a drill ended, in the words of a restore. A drill whose restore went well, but of which something is left, has failed, and so
 * has one that restored nothing.
 */
export function endedDrill(namespace: string, record: DrillRecord): EndedRestore {
  const { restore: name, backup = '', ok, phase = 'Failed', at, seconds } = record
  const { items = 0, warnings = 0, errors = 0 } = record
  return {
    namespace,
    name,
    backup,
    phase: !ok && phase === 'Completed' ? 'Failed' : phase,
    startedAt: at,
    endedAt: seconds === undefined ? '' : new Date(Date.parse(at) + seconds * 1000).toISOString(),
    warnings,
    errors,
    itemsRestored: items,
    totalItems: items,
  }
}
