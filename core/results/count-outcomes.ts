import type { Tally } from './tally.ts'

/** Numbers of a tally or a part of it. */
export interface OutcomeCounts {
  /** All outcomes, those that Velero does not record too. */
  items: number
  created: number
  updated: number
  skipped: number
  failed: number
  warnings: number
  errors: number
  /** Asynchronous operations that were begun. */
  operations: number
}

/** Counts derived from outcomes. */
export function countOutcomes(tally: Tally): OutcomeCounts {
  const counts: OutcomeCounts = {
    items: 0,
    created: 0,
    updated: 0,
    skipped: 0,
    failed: 0,
    warnings: 0,
    errors: 0,
    operations: 0,
  }
  for (const outcome of tally.values()) {
    counts.items++
    if (outcome.action !== undefined) counts[outcome.action]++
    if (outcome.operation !== undefined) counts.operations++
    for (const message of outcome.messages) counts[message.severity === 'error' ? 'errors' : 'warnings']++
  }
  return counts
}
