import { CancellationScope, condition, isCancellation, log, patched } from '@temporalio/workflow'
import type { Conclusion } from '../activities/conclude/conclude-restore.ts'
import type { AdmittedRef } from '../activities/frame/session.ts'
import { brief, lastResults, results } from './activity-options.ts'
import { reasonOf } from './failure-reason.ts'
import type { RunView } from './run-view.ts'

/** What the result files of a restore that was given up hold, or why they are not there. */
export type LastResults = { do: 'stored'; counts: Conclusion } | { do: 'late'; why: string }

/** Writes what is known to the result files, for a minute at most: the terminal phase waits for it (rule 13). */
export async function storeLastResults(ref: AdmittedRef): Promise<LastResults> {
  try {
    const summary = 'write what is known to the result files'
    return {
      do: 'stored',
      counts: await lastResults.concludeRestore.executeWithOptions({ summary }, [{ ref, complete: false }]),
    }
  } catch (thrown) {
    log.warn('results are not stored', { reason: reasonOf(thrown) })
    return { do: 'late', why: reasonOf(thrown) }
  }
}

/**
 * Goes on writing them after the phase, for a day, in case the bucket comes back (rule 13). It ends at once where the
 * Restore is deleted: then nobody wants them.
 */
export async function storeResultsLate(ref: AdmittedRef, view: RunView): Promise<void> {
  if (!patched('results-stored-late')) return
  view.waitingFor('the bucket, to store the results')
  const upload = new CancellationScope()
  const watch = new CancellationScope()
  const deleted = watch
    .run(() => condition(() => view.isDeleted))
    .then(
      () => upload.cancel(),
      () => undefined,
    )
  try {
    const summary = 'write the result files once the bucket takes them'
    await upload.run(async () => {
      const counts = await results.concludeRestore.executeWithOptions({ summary }, [{ ref, complete: false }])
      if (patched('late-results-told')) await tellLate(ref, counts, view)
    })
  } catch (thrown) {
    if (!isCancellation(thrown)) view.trouble(`results are not stored: ${reasonOf(thrown)}`)
  }
  watch.cancel()
  await deleted
  view.waitingFor(undefined)
}

async function tellLate(ref: AdmittedRef, { warnings, errors }: Conclusion, view: RunView): Promise<void> {
  const summary = 'tell that the results are stored'
  try {
    await brief.tellLateResults.executeWithOptions({ summary }, [{ ref, warnings, errors }])
  } catch (thrown) {
    if (!isCancellation(thrown))
      view.trouble(`results are stored, but the Restore does not tell so: ${reasonOf(thrown)}`)
  }
}
