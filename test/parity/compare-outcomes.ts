import { differences } from './differences.ts'
import type { Difference } from './differences.ts'
import type { GoldenCase } from './golden-case.ts'
import { withKnownNames } from './known-names.ts'
import type { Restored } from './restore-case.ts'
import { toleratedBy } from './tolerated.ts'
import { withoutWanted } from './wanted-messages.ts'

/** What came of a comparison: green where nothing is left in `wrong`. */
export interface Comparison {
  wrong: readonly Difference[]
  /** Reasons that were used, each with how often. */
  tolerated: ReadonlyMap<string, number>
}

/** Compares a restore by Drydock with the one that Velero made. */
export function compareOutcomes(golden: GoldenCase, restored: Restored): Comparison {
  const wrong: Difference[] = []
  const reasons = new Map<string, number>()
  const expected = withKnownNames(golden.outcome, golden.uid, golden.backup)
  const wanted = withoutWanted(expected, withKnownNames(restored.outcome, restored.uid, golden.backup))
  for (const reason of wanted.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  for (const difference of differences(expected, wanted.outcome)) {
    const entry = toleratedBy(difference, golden)
    if (entry === undefined) wrong.push(difference)
    else reasons.set(`${entry.path}: ${entry.reason}`, (reasons.get(`${entry.path}: ${entry.reason}`) ?? 0) + 1)
  }
  return { wrong, tolerated: reasons }
}

/** A difference as a line for a person. */
export function describeDifference({ path, expected, actual }: Difference): string {
  return `${path.join(' / ')}: Velero ${shown(expected)}, Drydock ${shown(actual)}`
}

function shown(value: unknown): string {
  if (value === undefined) return 'has nothing'
  const text = JSON.stringify(value)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text
}

const shownMax = 600
