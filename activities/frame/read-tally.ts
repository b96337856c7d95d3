import type { Outcome } from '../../core/items/outcome.ts'
import { PackedTally } from '../../core/results/packed-tally.ts'
import { pauses } from './in-slices.ts'
import { readShard, withShards } from './journal.ts'
import type { Journal } from './journal.ts'

/** Shards whose outcomes are in memory as values at the same time. */
const shardsAtOnce = 32

/** The tally of all outcomes in the journal of a restore, and of some more. */
export async function readTally(
  journal: Journal,
  { more = [], signal }: { more?: readonly Outcome[]; signal?: AbortSignal } = {},
): Promise<PackedTally> {
  const tally = new PackedTally()
  const pause = pauses(signal)
  const names = await journal.list('outcomes/')
  for (let from = 0; from < names.length; from += shardsAtOnce) {
    const some = names.slice(from, from + shardsAtOnce)
    for (const outcomes of await withShards(some, (name) => readShard<Outcome[]>(journal, name))) {
      for (const outcome of outcomes) tally.add(outcome)
      await pause()
    }
  }
  for (const outcome of more) tally.add(outcome)
  return tally
}
