import { CancellationScope, isCancellation } from '@temporalio/workflow'
import type { PollInput } from '../activities/operations/poll-operations.ts'
import type { AdmittedRef } from '../contract/restore-workflow.ts'
import type { OperationCounts } from '../core/operations/operations.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import { followsIfReset, lastCancels, looks, lookUntilOver, reasonOf, waits, wasReset } from './activity-calls.ts'
import type { RunView } from './run-view.ts'

/**
 * Waits until node agents have filled the volumes of restored pods. Each volume has its own deadline. A plan without pods needs no activity.
 */
export async function awaitPodVolumes(ref: AdmittedRef, plan: PlanSummary, view: RunView): Promise<void> {
  const waves = plan.waves.flatMap((wave, index) => (wave.groupResource === 'pods' ? [index] : []))
  if (waves.length === 0) return
  view.waitingFor('the volumes of pods')
  await lookUntilOver({ ref, view }, (look) =>
    looks.awaitPodVolumes.executeWithOptions({ summary: 'see to the volumes of pods' }, [
      { ref, waves, look, ...followsIfReset() },
    ]),
  )
  view.waitingFor(undefined)
}

/** Rounds that end at each failure. Later failures are reported together at the end, so that history stays bounded. */
const roundsMax = 20

/** For which restore operations are awaited, and what is called meanwhile. */
export interface OperationsWait {
  ref: AdmittedRef
  view: RunView
  /** Operations have failed: the results have new messages. */
  onFailure: (counts: OperationCounts) => Promise<void>
  /** Called after the first poll, where it leaves operations to wait for. */
  onWait: (counts: OperationCounts) => Promise<void>
}

/**
 * Waits until each asynchronous operation has completed, failed or passed its own deadline. The first poll comes before
 * the phase: a restore whose operations are done at once never enters `WaitingForPluginOperations`.
 */
export async function awaitOperations(wait: OperationsWait): Promise<OperationCounts> {
  const { ref, view } = wait
  const poll = (until: PollInput['until'], failed: number) =>
    lookUntilOver({ ref, view }, (look) =>
      looks.pollOperations.executeWithOptions({ summary: 'look at the operations of plugins' }, [
        { ref, until, failed, look, ...followsIfReset() },
      ]),
    )
  let counts = await poll('once', 0)
  if (counts.failed > 0) await wait.onFailure(counts)
  if (counts.unfinished > 0) await wait.onWait(counts)
  for (let round = 1; counts.unfinished > 0; round++) {
    view.waitingFor(`${counts.unfinished} of ${counts.attempted} operations of plugins`)
    const { failed } = counts
    counts = await poll(round < roundsMax ? 'failure' : 'end', failed)
    if (counts.failed > failed) await wait.onFailure(counts)
  }
  view.waitingFor(undefined)
  return counts
}

/** Cancels the operations of a restore that has ended. Where that fails, they end by themselves. */
export async function cancelOperations(ref: AdmittedRef, view: RunView): Promise<OperationCounts | undefined> {
  try {
    return await lastCancels.cancelOperations.executeWithOptions({ summary: 'cancel the work of node agents' }, [
      { ref, because: 'called off: the restore has ended' },
    ])
  } catch (thrown) {
    view.trouble(`the work of node agents is not cancelled: ${reasonOf(thrown)}`)
    return undefined
  }
}

/**
 * The one activity that runs exec hooks, beside the waves. It starts with the first restored pod that has hooks. Only
 * the finalization waits for it: it reads in the journal which hooks have a result.
 */
export class HookRun {
  private readonly view: RunView
  private scope: CancellationScope | undefined
  private running: Promise<void> | undefined

  constructor(view: RunView) {
    this.view = view
  }

  /** Starts it unless it runs. `follows`: an earlier run may have started hooks. */
  start(ref: AdmittedRef, follows: boolean): void {
    if (this.running !== undefined) return
    const scope = new CancellationScope()
    this.scope = scope
    this.running = scope
      .run(() =>
        waits.runHooks.executeWithOptions({ summary: 'run hooks in restored pods' }, [
          { ref, follows: follows || wasReset() },
        ]),
      )
      .catch((thrown: unknown) => {
        if (!isCancellation(thrown)) this.view.trouble(`hooks are not run any more: ${reasonOf(thrown)}`)
      })
  }

  /** Ends it: all hooks have a result, or the next run of the workflow goes on. */
  async stop(): Promise<void> {
    this.scope?.cancel()
    await this.running
    this.running = undefined
  }
}
