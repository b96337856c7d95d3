import { HandlerUnfinishedPolicy } from '@temporalio/common'
import { CancellationScope, setHandler } from '@temporalio/workflow'
import { isTerminal } from '../velero/phases.ts'
import { lastPhase } from './activity-options.ts'
import { sweptSignal } from '../contract/restore-contract.ts'
import type { RestoreInput } from '../contract/restore-contract.ts'
import { reasonOf } from './failure-reason.ts'
import type { RunView } from './run-view.ts'

/**
 * Puts the phase back when a starting Velero server has marked the running restore as Failed. Before the first phase
 * there is nothing to put back, after the last one nothing may be.
 */
export function answerSweeps({ namespace, name, uid }: RestoreInput, view: RunView): void {
  const putBack = async (): Promise<void> => {
    const { phase } = view
    if (phase === 'Gone' || phase === 'New' || isTerminal(phase)) return
    try {
      await CancellationScope.nonCancellable(() =>
        lastPhase.putBackPhase.executeWithOptions({ summary: `put the phase back to ${phase}` }, [
          { ref: { namespace, name, uid }, phase },
        ]),
      )
    } catch (thrown) {
      // The next phase is written over the sweep anyway; a handler that throws would end the restore.
      view.trouble(`the phase could not be put back: ${reasonOf(thrown)}`)
    }
  }
  setHandler(sweptSignal, putBack, {
    description: 'A starting Velero server has marked the Restore as Failed: its phase is put back',
    unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON,
  })
}
