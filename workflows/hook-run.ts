import { CancellationScope, isCancellation } from '@temporalio/workflow'
import type { AdmittedRef } from '../activities/frame/session.ts'
import { waits } from './activity-options.ts'
import { reasonOf } from './failure-reason.ts'
import type { RunView } from './run-view.ts'

/**
 * The one activity that runs exec hooks beside the waves: begun with the first pod that has some, awaited by nobody but
 * the finalization, which reads from the journal how far it has come.
 */
export class HookRun {
  private readonly view: RunView
  private scope: CancellationScope | undefined
  private running: Promise<void> | undefined

  constructor(view: RunView) {
    this.view = view
  }

  /** Begins unless it has begun. `follows` says that an earlier run may have begun hooks. */
  start(ref: AdmittedRef, follows: boolean): void {
    if (this.running !== undefined) return
    const scope = new CancellationScope()
    this.scope = scope
    this.running = scope
      .run(() => waits.runHooks.executeWithOptions({ summary: 'run hooks in restored pods' }, [{ ref, follows }]))
      .catch((thrown: unknown) => {
        if (!isCancellation(thrown)) this.view.trouble(`hooks are not run any more: ${reasonOf(thrown)}`)
      })
  }

  /** Ends it: all is known, or another run carries on. */
  async stop(): Promise<void> {
    this.scope?.cancel()
    await this.running
    this.running = undefined
  }
}
