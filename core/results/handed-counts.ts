import { parseChunkKey } from '../plan/plan.ts'
import type { OutcomeCounts } from './tally.ts'

/** The counts that people see, in the order of {@link HandedCounts}. */
export const shown = ['items', 'created', 'updated', 'skipped', 'failed', 'warnings', 'errors', 'listed'] as const

/** What is shown of a chunk, or of several. A report of an older version does not say how many items are listed. */
export type ShownCounts = Omit<Pick<OutcomeCounts, (typeof shown)[number]>, 'listed'> & { listed?: number }

/**
 * Counts of chunks as one run of a workflow hands them to the next: lists of items, created, updated, skipped, failed,
 * warnings, errors and listed, by the keys of chunks.
 */
export type HandedCounts = Readonly<Record<string, readonly number[]>>

/**
 * Puts the counts of chunks together so that they stay small. Chunks of one wave that are through stand under the key of
 * the first of them. A chunk in `again` stands under its own: it will report again, and that report replaces this one.
 */
export function handCounts(
  reports: ReadonlyMap<string, ShownCounts>,
  again: ReadonlySet<string>,
): Record<string, readonly number[]> {
  const handed: Record<string, readonly number[]> = {}
  const firstOfWave = new Map<number, string>()
  for (const [key, report] of reports) {
    const { wave } = parseChunkKey(key)
    const under = again.has(key) ? key : (firstOfWave.get(wave) ?? key)
    if (!again.has(key)) firstOfWave.set(wave, under)
    const before = handed[under]
    handed[under] = shown.map((name, index) => (report[name] ?? 0) + (before?.[index] ?? 0))
  }
  return handed
}

/** The inverse of {@link handCounts}, but for chunks that were put together. */
export function takeCounts(handed: HandedCounts): [key: string, counts: ShownCounts][] {
  return Object.entries(handed).map(([key, counts]) => [
    key,
    Object.fromEntries(shown.map((name, index) => [name, counts[index] ?? 0])) as ShownCounts,
  ])
}
