import type { Outcome } from '../items/outcome.ts'

/**
 * Outcomes by key. It only ever grows by merging, and merging has laws: it is idempotent, commutative and
 * associative. So a chunk that is reported twice, by a retry or by a worker thought dead, changes nothing,
 * and counts are derived from the tally, never added up (decision 8).
 */
export type Tally = ReadonlyMap<string, Outcome>

/** The tally of some outcomes, in any order and with repetitions. */
export function tallyOf(outcomes: Iterable<Outcome>): Tally {
  const tally = new Map<string, Outcome>()
  for (const outcome of outcomes) {
    const known = tally.get(outcome.key)
    tally.set(outcome.key, known === undefined ? outcome : mergeOutcomes(known, outcome))
  }
  return tally
}

/** What both tallies know. */
export function mergeTallies(a: Tally, b: Tally): Tally {
  return tallyOf([...a.values(), ...b.values()])
}

const ranks: Record<string, number> = { created: 4, updated: 3, failed: 2, skipped: 1 }

/**
 * Of two outcomes of one item the one that says most wins: that it was created is never unsaid by a later attempt
 * that found it there. Equal ones are told apart by their text, so that the order of arrival does not matter.
 */
function mergeOutcomes(a: Outcome, b: Outcome): Outcome {
  const difference = rank(a) - rank(b)
  if (difference !== 0) return difference > 0 ? a : b
  return canonical(a) >= canonical(b) ? a : b
}

function rank(outcome: Outcome): number {
  return outcome.action === undefined ? 0 : (ranks[outcome.action] ?? 0)
}

/** The same text for the same content, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([x], [y]) => (x < y ? -1 : 1)))
      : part,
  )
}

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
