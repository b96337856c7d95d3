import { parseChunkKey } from '../plan/plan.ts'
import { shown } from './handed-counts.ts'
import type { ShownCounts } from './handed-counts.ts'

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
