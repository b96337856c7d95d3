import { CancellationScope, isCancellation } from '@temporalio/workflow'
import type { AdmittedRef } from '../contract/restore-workflow.ts'
import { reasonOf, waits, wasReset } from './activity-calls.ts'
import type { RunView } from './run-view.ts'

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
