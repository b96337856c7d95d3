import type { Message } from '../items/outcome.ts'
import { countOutcomes, isListed } from '../results/tally.ts'
import type { OutcomeCounts, Tally } from '../results/tally.ts'
import { forEachInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import { causeOf } from './failure-groups.ts'
import { noActions } from './report-facts.ts'
import type { ActionCounts } from './report-facts.ts'

/** How many errors of items have one cause. Names, numbers and quoted values are left out of the cause. */
export interface FailureCause {
  cause: string
  count: number
}

/** Counts, and the most frequent causes of errors. */
export interface CountsWithCauses extends OutcomeCounts {
  /** Absent where there is no error. */
  causes?: readonly FailureCause[]
}

/** Causes that the report of a chunk tells, and the end of a restore: both stand in the history. */
const toldMax = 3
const causeMax = 200
/** Chunks whose causes the next run gets apart: its input stands in the history. */
const apartMax = 200

/** The counts of a chunk, and the most frequent causes of its errors; no `causes` where there is no error. */
export function countWithCauses(tally: Tally): CountsWithCauses {
  const counts = countOutcomes(tally)
  if (counts.errors === 0) return counts
  const found = new Map<string, number>()
  for (const { messages, parked } of tally.values()) {
    if (parked === undefined) addErrors(found, messages)
  }
  const causes = sorted(found).slice(0, toldMax)
  return causes.length === 0 ? counts : { ...counts, causes }
}

/** What became of the objects of a restore, and the most frequent causes of its errors. */
export interface EndDetails {
  counts: ActionCounts
  causes: readonly FailureCause[]
}

/** What the end of a restore is told with, from all of its outcomes. Only what stands in the resource list is counted. */
export function* endDetailsInSteps(tally: Tally): Steps<EndDetails> {
  const counts = noActions()
  const found = new Map<string, number>()
  yield* forEachInSteps(tally.values(), (outcome) => {
    if (isListed(outcome)) counts[outcome.action]++
    addErrors(found, outcome.messages)
  })
  return { counts, causes: sorted(found).slice(0, toldMax) }
}

/** The causes of all chunks: a chunk that reports again replaces what it has told before. */
export class FailureCauses {
  readonly #chunks = new Map<string, readonly FailureCause[]>()
  readonly #sums = new Map<string, number>()

  constructor(chunks: Iterable<readonly [key: string, causes: readonly FailureCause[]]> = []) {
    for (const [key, causes] of chunks) this.set(key, causes)
  }

  /** Replaces the causes of a chunk, at a cost that does not grow with the number of chunks. */
  set(key: string, causes: readonly FailureCause[] | undefined): void {
    for (const { cause, count } of this.#chunks.get(key) ?? []) add(this.#sums, cause, -count)
    for (const { cause, count } of causes ?? []) add(this.#sums, cause, count)
    if (causes === undefined) this.#chunks.delete(key)
    else this.#chunks.set(key, causes)
  }

  /** The most frequent ones of all chunks. */
  top(max: number): FailureCause[] {
    return sorted(this.#sums).slice(0, max)
  }

  /**
   * What the next run begins with: the first 200 chunks that will report again stand apart, the others are put together. A
   * chunk beyond them counts twice once it has reported again: causes are shown, and nothing is decided by them.
   */
  handed(again: ReadonlySet<string>, max: number): Record<string, readonly FailureCause[]> {
    const apart = [...this.#chunks].filter(([key]) => key !== '' && again.has(key)).slice(0, apartMax)
    const kept = new Set(apart.map(([key]) => key))
    const others = new FailureCauses([...this.#chunks].filter(([key]) => !kept.has(key))).top(max)
    return Object.fromEntries([...(others.length === 0 ? [] : [['', others] as const]), ...apart])
  }
}

function addErrors(counts: Map<string, number>, messages: readonly Message[]): void {
  for (const { severity, text } of messages) if (severity === 'error') add(counts, causeOf(text).slice(0, causeMax), 1)
}

function add(counts: Map<string, number>, cause: string, count: number): void {
  const sum = (counts.get(cause) ?? 0) + count
  if (sum === 0) counts.delete(cause)
  else counts.set(cause, sum)
}

function sorted(counts: ReadonlyMap<string, number>): FailureCause[] {
  return [...counts]
    .map(([cause, count]) => ({ cause, count }))
    .sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1))
}
