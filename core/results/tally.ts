import { operationsOf } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import { canonicalJson } from '../values/manifest-json.ts'
import { finish, forEachInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'

/**
 * Outcomes by key. Tallies are merged, and merging is idempotent, commutative and associative. So outcomes that are
 * reported twice, by a retry or by a worker that was presumed dead, change nothing. Counts are derived from the tally
 * and never added up (decision 8).
 */
export type Tally = ReadonlyMap<string, Outcome>

/** The tally of outcomes in any order; a key may occur several times. */
export function tallyOf(outcomes: Iterable<Outcome>): Tally {
  return finish(tallyInSteps(outcomes))
}

/** {@link tallyOf} in steps, for all outcomes of a restore. */
export function* tallyInSteps(outcomes: Iterable<Outcome>): Steps<Tally> {
  const tally = new Map<string, Outcome>()
  yield* forEachInSteps(outcomes, (outcome) => {
    const known = tally.get(outcome.key)
    tally.set(outcome.key, known === undefined ? outcome : mergeOutcomes(known, outcome))
  })
  return tally
}

/** The tally with the outcomes of both. */
export function mergeTallies(a: Tally, b: Tally): Tally {
  const merged = new Map(a)
  for (const [key, outcome] of b) {
    const known = merged.get(key)
    merged.set(key, known === undefined ? outcome : mergeOutcomes(known, outcome))
  }
  return merged
}

const ranks: Record<string, number> = { created: 4, updated: 3, failed: 2, skipped: 1 }

/**
 * Chooses one of two outcomes of an item, independent of their order. `created` wins over `updated`, then `failed`,
 * then `skipped`: a later attempt that finds the created object does not undo the outcome. Then the greater JSON text
 * wins.
 */
export function mergeOutcomes(a: Outcome, b: Outcome): Outcome {
  const difference = rank(a) - rank(b)
  if (difference !== 0) return difference > 0 ? a : b
  return canonicalJson(a) >= canonicalJson(b) ? a : b
}

/** An item that is to be tried again has no outcome yet: of two such, the one that was tried more often is the later one. */
function rank(outcome: Outcome): number {
  if (outcome.parked !== undefined) return -1 / (outcome.parked.tries + 1)
  return outcome.action === undefined ? 0 : (ranks[outcome.action] ?? 0)
}

/** The numbers in a tally. */
export interface OutcomeCounts {
  /** All outcomes, also those that are not in the resource list. */
  items: number
  /** Items of the resource list, which a restore's progress comes to in the end. */
  listed: number
  created: number
  updated: number
  skipped: number
  failed: number
  warnings: number
  errors: number
  /** Asynchronous operations that items began. */
  operations: number
  /** Items that are to be tried again; absent where there are none. */
  parked?: number
  /** Those of them that take long; absent where there are none. */
  slow?: number
  /** Those of them that lack something; absent where there are none. */
  missing?: number
}

/** Whether an outcome stands in the resource list. */
export function isListed(outcome: Outcome): outcome is ListedOutcome {
  return outcome.listed !== undefined && outcome.action !== undefined
}

type ListedOutcome = Outcome & Required<Pick<Outcome, 'listed' | 'action'>>

/** Counts the outcomes, messages and operations of a tally. */
export function countOutcomes(tally: Tally): OutcomeCounts {
  const counts: OutcomeCounts = {
    items: 0,
    listed: 0,
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
    if (isListed(outcome)) counts.listed++
    if (outcome.action !== undefined) counts[outcome.action]++
    counts.operations += operationsOf(outcome).length
    if (outcome.parked !== undefined) counts.parked = (counts.parked ?? 0) + 1
    if (outcome.parked?.missing === true) counts.missing = (counts.missing ?? 0) + 1
    if (outcome.parked?.slow === true) counts.slow = (counts.slow ?? 0) + 1
    for (const message of outcome.messages) counts[message.severity === 'error' ? 'errors' : 'warnings']++
  }
  return counts
}
