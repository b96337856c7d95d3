import type { OperationCounts } from '../core/operations/count-operations.ts'
import type { AdmittedRef } from '../activities/frame/session.ts'
import { quick, waits } from './activity-options.ts'
import type { RunView } from './run-view.ts'

/** Rounds that end at each failure. Later failures are told together at the end, so that history stays bounded. */
const roundsMax = 20

/** What the waiting tells the run, while it goes on. */
export interface OperationsAudience {
  ref: AdmittedRef
  view: RunView
  /** Operations failed: the results have new messages. */
  onFailure: (counts: OperationCounts) => Promise<void>
  /** After the first look, where it leaves operations to wait for. */
  onWait: (counts: OperationCounts) => Promise<void>
}

/**
 * Waits until each asynchronous operation has ended, failed or run into its own deadline. The first look comes before
 * the phase: a restore whose operations are done at once never waits.
 */
export async function awaitOperations(audience: OperationsAudience): Promise<OperationCounts> {
  const { ref, view } = audience
  let counts = await quick.pollOperations.executeWithOptions({ summary: 'look at the operations of plugins' }, [
    { ref, until: 'once', failed: 0 },
  ])
  if (counts.failed > 0) await audience.onFailure(counts)
  if (counts.unfinished > 0) await audience.onWait(counts)
  for (let round = 1; counts.unfinished > 0; round++) {
    view.waitingFor(`${counts.unfinished} of ${counts.attempted} operations of plugins`)
    const { failed } = counts
    const summary = `wait for ${counts.unfinished} operations`
    const until = round < roundsMax ? 'failure' : 'end'
    counts = await waits.pollOperations.executeWithOptions({ summary }, [{ ref, until, failed }])
    if (counts.failed > failed) await audience.onFailure(counts)
  }
  view.waitingFor(undefined)
  return counts
}
