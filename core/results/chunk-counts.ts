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

/** Sums of the counts that people see. */
export type CountSums = Required<ShownCounts>

const zero = Object.fromEntries(shown.map((name) => [name, 0])) as unknown as CountSums

/**
 * The counts of all chunks with their sums, in all and for each wave. The counts of one chunk change both at the same small
 * cost, however many chunks there are.
 */
export class ChunkCounts {
  /** The latest counts of each chunk, by its key. */
  readonly reports: Map<string, ShownCounts>
  private readonly sums: CountSums = { ...zero }
  private readonly waves = new Map<number, CountSums>()

  constructor(reports: Iterable<readonly [key: string, counts: ShownCounts]>) {
    this.reports = new Map()
    for (const [key, counts] of reports) this.set(key, counts)
  }

  /** Replaces the counts of a chunk. What a report of another version does not say counts as nothing. */
  set(key: string, counts: ShownCounts): void {
    const { wave } = parseChunkKey(key)
    const before = this.reports.get(key) as Partial<ShownCounts> | undefined
    const now = counts as Partial<ShownCounts> | null
    let ofWave = this.waves.get(wave)
    if (ofWave === undefined) this.waves.set(wave, (ofWave = { ...zero }))
    for (const name of shown) {
      const more = Number(now?.[name] ?? 0) - Number(before?.[name] ?? 0)
      this.sums[name] += more
      ofWave[name] += more
    }
    this.reports.set(key, counts)
  }

  /** The sums over all chunks. */
  all(): Readonly<CountSums> {
    return this.sums
  }

  /** The sums over the chunks of a wave, by its index from 0. */
  ofWave(wave: number): Readonly<CountSums> {
    return this.waves.get(wave) ?? zero
  }
}
