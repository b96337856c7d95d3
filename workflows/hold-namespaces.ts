import { ApplicationFailure, condition, patched, setHandler, workflowInfo } from '@temporalio/workflow'
import type { AdmittedRef } from '../activities/session.ts'
import { brief, quick } from './activity-options.ts'
import {
  locksSignal,
  locksWorkflowIdOf,
  locksWorkflowType,
  releaseLocksSignal,
  requestLocksSignal,
} from './contract.ts'
import { reasonOf } from './failure-reason.ts'
import type { RunView } from './run-view.ts'

/** A wait that takes so long is worth an Event. */
const patientMs = 5_000

/** A restore that waits asks again from time to time, in case its request was lost with the workflow of the locks. */
const askEveryMs = 5 * 60_000

/** The hold of one run on its target namespaces, against restores that write into the same ones (rule 9). */
export class NamespaceHold {
  private readonly view: RunView
  private state: 'none' | 'asked' | 'held' = 'none'
  private behind = 'its turn'

  constructor(view: RunView) {
    this.view = view
    const { runId } = workflowInfo()
    setHandler(
      locksSignal,
      (answer) => {
        if (answer.runId !== runId || this.state === 'none') return
        if (answer.behind === undefined) this.state = 'held'
        else this.behind = answer.behind
        if (this.state === 'asked') this.view.waitingFor(this.behind)
      },
      { description: 'Sent by the workflow of the locks: namespaces are granted, or what is being waited for' },
    )
  }

  /** Waits until all of them are held. Throws where that takes longer than the worker's owner allows. */
  async take(ref: AdmittedRef): Promise<void> {
    if (!patched('namespace-locks')) return
    const sinceMs = Date.now()
    let told = false
    for (this.state = 'asked'; ;) {
      const { patienceMs } = await this.ask(ref)
      const lookMs = told ? askEveryMs : patientMs
      if (
        await condition(() => this.state === 'held', Math.min(lookMs, Math.max(1, sinceMs + patienceMs - Date.now())))
      )
        break
      if (Date.now() - sinceMs >= patienceMs) throw this.outOfPatience(patienceMs)
      if (!told) await this.tell(ref)
      told = true
    }
    this.view.waitingFor(undefined)
  }

  /** Gives them back. Where that cannot be told, they are missed once the restore has closed. */
  async release(ref: AdmittedRef): Promise<void> {
    if (this.state === 'none') return
    this.state = 'none'
    const locks = { workflowId: locksWorkflowIdOf(ref), signal: releaseLocksSignal.name }
    try {
      await brief.releaseLocks.executeWithOptions({ summary: 'give the namespaces back' }, [{ locks, run: thisRun() }])
    } catch (thrown) {
      this.view.trouble(`namespaces are not given back yet: ${reasonOf(thrown)}`)
    }
  }

  private ask(ref: AdmittedRef): Promise<{ patienceMs: number }> {
    const locks = {
      workflowType: locksWorkflowType,
      workflowId: locksWorkflowIdOf(ref),
      signal: requestLocksSignal.name,
    }
    return quick.requestLocks.executeWithOptions({ summary: 'ask for the target namespaces' }, [
      { ref, locks, run: thisRun() },
    ])
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

  private outOfPatience(patienceMs: number): ApplicationFailure {
    const hours = Math.round(patienceMs / 36_000) / 100
    return ApplicationFailure.nonRetryable(
      `gave up after ${hours} h (DRYDOCK_LOCK_TIMEOUT) of waiting for ${this.behind}`,
      'RestoreFailed',
    )
  }
}

function thisRun(): { workflowId: string; runId: string } {
  const { workflowId, runId } = workflowInfo()
  return { workflowId, runId }
}
