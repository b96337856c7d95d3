import { ApplicationFailure } from '@temporalio/common'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Message } from '../../core/items/outcome.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { outcomesShard } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { Clock, Log } from '../ports.ts'

/** A restore that was cancelled or has failed. */
export interface GivenUp extends Pick<WorkerParts, 'ports' | 'sessions'> {
  ref: AdmittedRef
  attempt: Attempt
}

/**
 * Does something that needs the journal of a restore that was given up. Where the journal is gone or damaged, which stays so,
 * the log says what is `undone`, and undefined is returned. What may pass is thrown: Temporal tries it again.
 */
export async function ifJournalIsThere<T>(log: Log, undone: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (thrown) {
    if (!(thrown instanceof ApplicationFailure) || thrown.nonRetryable !== true) throw thrown
    log.warn(`${undone}: ${thrown.message}`)
    return undefined
  }
}

/** Says something in the results of such a restore, in place of a finalization task. The first text that is journalled stands. */
export async function tellGivenUp(
  { task, messages }: { task: string; messages: readonly Message[] },
  journal: Journal,
  clock: Pick<Clock, 'now'>,
): Promise<void> {
  const outcome = { key: `finalize/${task}`, messages, at: rfc3339(clock.now()) }
  await journal.writeOnce(outcomesShard(`finalize/${task}`, 'given-up', 0), [outcome])
}
