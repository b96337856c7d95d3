import { hookShardsToRemove } from '../hooks/hook-journal.ts'
import type { FinalizeTask } from './task.ts'

/** Shards that are removed at once. */
const batch = 500

/**
 * Removes from the journal what only a running restore needs: intents, and everything about hooks but the verdict. Plan,
 * outcomes, facts and timeline stay until the Restore is deleted: a run that is started again comes to the same end.
 */
export const tidyJournal: FinalizeTask = {
  name: 'tidy-journal',
  title: 'tidy the journal',
  deadlineSeconds: () => 600,
  async run({ session: { journal } }) {
    const names = [...(await journal.list('intents/')), ...(await hookShardsToRemove(journal))]
    for (let from = 0; from < names.length; from += batch) await journal.remove(names.slice(from, from + batch))
    return { messages: [] }
  },
}
