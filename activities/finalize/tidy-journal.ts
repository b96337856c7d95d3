import type { Outcome } from '../../core/items/outcome.ts'
import { pauses } from '../frame/in-slices.ts'
import { readOutcomes } from '../frame/journal.ts'
import { hookShardsToRemove } from '../hooks/hook-journal.ts'
import type { FinalizeContext, FinalizeTask } from './task.ts'

/** Shards that are removed at once. */
const batch = 500

/**
 * Removes from the journal what only a running restore needs: intents, answers of plugins, and everything about hooks but the verdict. Of a
 * restore with an error the hooks stay too: a retry must know which were sent. Plan, outcomes, facts and timeline stay
 * until the Restore is deleted: a run that is started again comes to the same end, and a retry goes on from there.
 */
export const tidyJournal: FinalizeTask = {
  name: 'tidy-journal',
  title: 'tidy the journal',
  work: 'traces',
  deadlineSeconds: () => 600,
  async run(context) {
    const { journal } = context.session
    const hooks = (await hasError(context)) ? [] : await hookShardsToRemove(journal)
    const names = [...(await journal.list('intents/')), ...(await journal.list('answers/')), ...hooks]
    for (let from = 0; from < names.length; from += batch) await journal.remove(names.slice(from, from + batch))
    return { messages: [] }
  },
}

/** Whether the restore will be over with an error, so that it may be retried. */
async function hasError({ facts, session, sessions }: FinalizeContext): Promise<boolean> {
  const { journal } = session
  if (facts.operations.some(({ status }) => status.phase === 'Failed')) return true
  if (await tellsError(facts.tally.values())) return true
  if (await tellsError(await readOutcomes(journal, 'finalize'))) return true
  return tellsError((await sessions.planOf(session))?.notes ?? [])
}

async function tellsError(outcomes: Iterable<Outcome>): Promise<boolean> {
  const pause = pauses()
  for (const { messages } of outcomes) {
    if (messages.some(({ severity }) => severity === 'error')) return true
    const turn = pause()
    if (turn !== undefined) await turn
  }
  return false
}
