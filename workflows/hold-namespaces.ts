import { ApplicationFailure, CancellationScope, condition, getExternalWorkflowHandle } from '@temporalio/workflow'
import { isCancellation, log, patched, setHandler, workflowInfo } from '@temporalio/workflow'
import type { Hold, LocksOfRun } from '../contract/lock-workflow.ts'
import type { AdmittedRef, RestoreRef } from '../contract/restore-workflow.ts'
import { formatGoDuration } from '../core/values/go-duration.ts'
import { optional, reasonOf, steps, typeOf, wasReset } from './activity-calls.ts'
import {
  holdQuery,
  locksSignal,
  locksWorkflowIdOf,
  locksWorkflowType,
  releaseLocksSignal,
  requestLocksSignal,
} from '../contract/lock-workflow.ts'
import type { RequestLocksReport } from '../activities/locks/request-locks.ts'
import type { RunView } from './run-view.ts'

/** A wait of so long is told in an Event. */
const eventAfterMs = 5_000

/** How often a waiting restore asks again: its request is lost where the workflow of the locks was terminated. */
const askEveryMs = 5 * 60_000

/** Who shows what a run waits for. */
export type HoldView = Pick<RunView, 'waitingFor' | 'trouble'>

/** What one run holds: its target namespaces, which no other restore may write into meanwhile (rule 9). */
export class NamespaceHold {
  private readonly view: HoldView
  private state: Hold['state'] = 'none'
  private behind = 'its turn'
  private patienceMs = Infinity
  private askedMs: number | undefined
  private released: AdmittedRef | undefined

  constructor(input: RestoreRef, view: HoldView) {
    this.view = view
    const { runId } = locksOfRun(input).run
    setHandler(holdQuery, () => ({ state: this.state, runId }), {
      description: 'Whether the target namespaces are held',
    })
    setHandler(
      locksSignal,
      (answer) => {
        if (answer?.runId !== runId) return
        if (answer.behind === undefined && this.released !== undefined) this.giveBack(this.released)
        if (this.state !== 'asked') return
        if (answer.behind !== undefined) return this.view.waitingFor((this.behind = answer.behind))
        this.state = 'held'
        this.view.waitingFor(undefined)
      },
      { description: 'Sent by the workflow of the locks: namespaces are granted, or what is being waited for' },
    )
  }

  /** What the activity that plans asks with: it asks as soon as it has a plan, and an answer may come before its end. */
  askWhilePlanning(ref: AdmittedRef): { ask?: LocksOfRun } {
    if (!patched('locks-asked-by-plan')) return {}
    this.state = 'asked'
    return { ask: locksOfRun(ref) }
  }

  /** The plan is made: whether it has asked. A worker of an earlier version does not ask, and nobody does for a plan without items. */
  planned(asked: RequestLocksReport | undefined): void {
    if (asked === undefined) this.state = 'none'
    else [this.askedMs, this.patienceMs] = [Date.now(), asked.patienceMs]
  }

  /** Waits until it holds all of them. Throws where that takes longer than `DRYDOCK_LOCK_TIMEOUT`. */
  async take(ref: AdmittedRef): Promise<void> {
    if (!patched('namespace-locks')) return
    const sinceMs = Date.now()
    const isHeld = () => this.state === 'held'
    if (isHeld()) return
    const isAsked = this.state === 'asked'
    this.state = 'asked'
    this.view.waitingFor(this.behind)
    for (let told = false; ; told = true) {
      if (told || !isAsked) await this.ask(ref)
      const leftMs = Math.max(1, sinceMs + this.patienceMs - Date.now())
      if (await condition(isHeld, Math.min(told ? askEveryMs : eventAfterMs, leftMs))) break
      if (Date.now() - sinceMs >= this.patienceMs) throw this.outOfPatience()
      if (!told) await Promise.race([this.tell(ref), condition(isHeld)])
    }
    this.view.waitingFor(undefined)
  }

  /** Releases them, by a signal. Where no workflow of the locks runs there is nothing to release. */
  async release(ref: AdmittedRef): Promise<void> {
    if (this.state === 'none') return
    this.state = 'none'
    this.released = ref
    await this.sendRelease(ref)
  }

  /** A request that came late, of an attempt that was taken for lost, was granted after the release: nobody would give that back. */
  private giveBack(ref: AdmittedRef): void {
    if (patched('late-grants-released')) void this.sendRelease(ref)
  }

  private async sendRelease(ref: AdmittedRef): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      try {
        await getExternalWorkflowHandle(locksWorkflowIdOf(ref)).signal(releaseLocksSignal, locksOfRun(ref).run)
      } catch (thrown) {
        log.info('no workflow of the locks runs', { reason: reasonOf(thrown) })
      }
    })
  }

  /** Asks for the namespaces. Where a later time fails the restore goes on waiting: its first request stands. */
  private async ask(ref: AdmittedRef): Promise<void> {
    const nowMs = Date.now()
    const waited = this.askedMs === undefined ? {} : { waitedSeconds: (nowMs - this.askedMs) / 1000 }
    try {
      const report = await steps.requestLocks.executeWithOptions({ summary: 'ask for the target namespaces' }, [
        { ref, ...locksOfRun(ref), ...waited },
      ])
      this.askedMs = nowMs
      this.patienceMs = report.patienceMs
    } catch (thrown) {
      if (this.patienceMs === Infinity || isCancellation(thrown) || typeOf(thrown) === 'RestoreGone') throw thrown
      this.view.trouble(reasonOf(thrown))
    }
  }

  private async tell(ref: AdmittedRef): Promise<void> {
    try {
      await optional.tellWait.executeWithOptions({ summary: `waits for ${this.behind}` }, [
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

/** The locks that a run holds or asks for. A run that was reset has the name under which it was first started. */
export function locksOfRun(ref: { namespace: string; cluster: string }): LocksOfRun {
  const { workflowId, originalExecutionRunId: runId } = workflowInfo()
  const locks = { workflowType: locksWorkflowType, workflowId: locksWorkflowIdOf(ref), signal: requestLocksSignal.name }
  return { locks, run: { workflowId, runId } }
}

/** Tells an activity of a reset run which locks it must have. */
export function lockedIfReset(ref: { namespace: string; cluster: string }): { reset?: LocksOfRun } {
  return wasReset() ? { reset: locksOfRun(ref) } : {}
}
