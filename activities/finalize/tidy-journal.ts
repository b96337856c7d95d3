import type { FinalizeDesk, FinalizeFinding } from './finalize-restore.ts'
import { hookShardsToRemove } from '../hooks/hook-journal.ts'

/** Shards that are removed at once. */
const batch = 500

/**
 * Removes from the journal what only a restore that goes on needs: intents, and all about hooks but the verdict. Plan,
 * tally, facts and timeline stay until the Restore is deleted; with them a run that is begun anew comes to the same end.
 */
export async function tidyJournal({ session }: FinalizeDesk): Promise<FinalizeFinding> {
  const { journal } = session
  const names = [...(await journal.list('intents/')), ...(await hookShardsToRemove(journal))]
  for (let from = 0; from < names.length; from += batch) await journal.remove(names.slice(from, from + batch))
  return { messages: [] }
}
