import type { PodHooks } from '../../core/hooks/pod-hooks.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { outcomesShard } from '../frame/journal.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session } from '../frame/session.ts'
import { registerPods } from '../hooks/hook-journal.ts'

/** What restoring a batch, the items between two checkpoints, came to. */
export interface Batch {
  done: Outcome[]
  hooks: PodHooks[]
  /** How many of them are journalled, in how many shards. */
  kept: { shards: number; done: number; hooks: number }
  failure?: unknown
}

/** A batch that has done nothing yet. */
export function newBatch(): Batch {
  return { done: [], hooks: [], kept: { shards: 0, done: 0, hooks: 0 } }
}

/** Whose batch it is. */
interface Whose {
  session: Pick<Session, 'journal'>
  attempt: Pick<Attempt, 'id'>
  /** The chunk. */
  key: string
}

/**
 * Writes what is not journalled yet of a batch: what it has done and the hooks of that are taken at one moment. Each time it is a
 * shard of its own: a write without an answer may get there late, and must not take the place of one that says more (rule 4).
 */
export async function journalBatch(
  { session: { journal }, attempt, key }: Whose,
  { done, hooks, kept }: Batch,
  part: number,
): Promise<void> {
  const [fresh, pods, more] = [done.slice(kept.done), hooks.slice(kept.hooks), kept.shards++]
  await registerPods(journal, { chunk: key, attempt: attempt.id, part, more }, pods)
  if (fresh.length > 0) await journal.write(outcomesShard(key, attempt.id, part, more), fresh, { isLast: true })
  kept.done += fresh.length
  kept.hooks += pods.length
}
