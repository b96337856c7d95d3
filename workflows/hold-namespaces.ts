import { ApplicationFailure, CancellationScope, condition, getExternalWorkflowHandle } from '@temporalio/workflow'
import { isCancellation, log, patched, setHandler, workflowInfo } from '@temporalio/workflow'
import type { Hold } from '../activities/locks/find-holders.ts'
import type { AdmittedRef } from '../activities/frame/session.ts'
import { formatGoDuration } from '../core/go-duration.ts'
import { brief, quick } from './activity-options.ts'
import {
  holdQuery,
  locksSignal,
  locksWorkflowIdOf,
  locksWorkflowType,
  releaseLocksSignal,
  requestLocksSignal,
} from '../contract/restore-contract.ts'
import { reasonOf, typeOf } from './failure-reason.ts'
import type { RunView } from './run-view.ts'

/** A wait that takes so long is worth an Event. */
const patientMs = 5_000

/** A restore that waits asks again from time to time, in case its request was lost with the workflow of the locks. */
const askEveryMs = 5 * 60_000

/** The hold of one run on its target namespaces, against restores that write into the same ones (rule 9). */
export class NamespaceHold {
  private readonly view: RunView
  private state: Hold['state'] = 'none'
  private behind = 'its turn'
  private patienceMs = Infinity

  constructor(view: RunView) {
    this.view = view
    const { runId } = thisRun()
    setHandler(holdQuery, () => ({ state: this.state, runId }), {
      description: 'Whether the target namespaces are held',
    })
    setHandler(
      locksSignal,
      (answer) => {
        if (answer?.runId !== runId || this.state !== 'asked') return
        if (answer.behind === undefined) this.state = 'held'
        else this.view.waitingFor((this.behind = answer.behind))
      },
      { description: 'Sent by the workflow of the locks: namespaces are granted, or what is being waited for' },
    )
  }

  /** Waits until all of them are held. Throws where that takes longer than the worker's owner allows. */
  async take(ref: AdmittedRef): Promise<void> {
    if (!patched('namespace-locks')) return
    const sinceMs = Date.now()
    const isHeld = () => this.state === 'held'
    this.state = 'asked'
    this.view.waitingFor(this.behind)
    for (let told = false; ; told = true) {
      await this.ask(ref)
      const leftMs = Math.max(1, sinceMs + this.patienceMs - Date.now())
      if (await condition(isHeld, Math.min(told ? askEveryMs : patientMs, leftMs))) break
      if (Date.now() - sinceMs >= this.patienceMs) throw this.outOfPatience()
      if (!told) await Promise.race([this.tell(ref), condition(isHeld)])
    }
    this.view.waitingFor(undefined)
  }

  /** Gives them back; needs no worker but this workflow's. Where nobody keeps the locks there is nothing to give back. */
  async release(ref: AdmittedRef): Promise<void> {
    if (this.state === 'none') return
    this.state = 'none'
    await CancellationScope.nonCancellable(async () => {
      try {
        await getExternalWorkflowHandle(locksWorkflowIdOf(ref)).signal(releaseLocksSignal, thisRun())
      } catch (thrown) {
        log.info('nobody keeps the locks', { reason: reasonOf(thrown) })
      }
    })
  }

  /** One that stands in line goes on waiting where asking again fails. */
  private async ask(ref: AdmittedRef): Promise<void> {
    const locks = {
      workflowType: locksWorkflowType,
      workflowId: locksWorkflowIdOf(ref),
      signal: requestLocksSignal.name,
    }
    try {
      const report = await quick.requestLocks.executeWithOptions({ summary: 'ask for the target namespaces' }, [
        { ref, locks, run: thisRun() },
      ])
      this.patienceMs = report.patienceMs
    } catch (thrown) {
      if (this.patienceMs === Infinity || isCancellation(thrown) || typeOf(thrown) === 'RestoreGone') throw thrown
      this.view.trouble(reasonOf(thrown))
    }
  }

  private async tell(ref: AdmittedRef): Promise<void> {
    try {
      await brief.tellWait.executeWithOptions({ summary: `waits for ${this.behind}` }, [
        { ref, waitingFor: this.behind },
      ])
    } catch (thrown) {
      this.view.trouble(reasonOf(thrown))
    }
  }

  private outOfPatience(): ApplicationFailure {
    return ApplicationFailure.nonRetryable(
      `gave up after ${formatGoDuration(this.patienceMs)} (DRYDOCK_LOCK_TIMEOUT) of waiting for ${this.behind}`,
      'RestoreFailed',
    )
  }
}

/** A run that was reset is still the one that asked. */
function thisRun(): { workflowId: string; runId: string } {
  const { workflowId, originalExecutionRunId } = workflowInfo()
  return { workflowId, runId: originalExecutionRunId }
}
