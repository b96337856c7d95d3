import { ApplicationFailure, CancellationScope, CancelledFailure, isCancellation, patched } from '@temporalio/workflow'
import type { OperationCounts } from '../core/operations/operations.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import { withResultsMissing, nextPhase } from '../core/results/restore-status.ts'
import type { RestorePhase } from '../velero/phases.ts'
import { followsIfReset, lookUntilOver, phaseOfEnd, phases, planning } from './activity-calls.ts'
import { reasonOf, results, steps, typeOf, wordsOfEnd } from './activity-calls.ts'
import { HookRun, awaitOperations, awaitPodVolumes } from './async-work.ts'
import { bareRefOf } from '../contract/restore-workflow.ts'
import type { AdmittedRef, RestoreInput, RestoreOutcome } from '../contract/restore-workflow.ts'
import { runFinalizeTasks } from './finalize.ts'
import type { AdmitCarry } from '../activities/admit/await-location.ts'
import type { AdmitReport, AdmittedRestore } from '../activities/admit/claim-restore.ts'
import type { Conclusion } from '../activities/conclude/conclude-restore.ts'
import type { SetPhaseInput, SetPhaseReport } from '../activities/conclude/write-status.ts'
import type { HookStatus } from '../activities/finalize/task.ts'
import { admissionAtEnd, closeAsCanceled, endWork, noteCancel, storeLastResults, workLate } from './give-up.ts'
import { NamespaceHold } from './hold-namespaces.ts'
import { Pause } from './pause.ts'
import { EndNotice } from './notify/end-notice.ts'
import { countsOf, detailsOf, lastProgressOf, progressOf } from './view/known-counts.ts'
import { writeReport } from './view/write-report.ts'
import { endsBeside, restoreWaves } from './restore-waves.ts'
import { answerSweeps, RunView } from './run-view.ts'

/** Result files that have stood for so long are written again at the end: somebody may have damaged them meanwhile. */
const standMs = 10_000

/** One run of a restore: what it knows so far, and its steps in the order of the story. */
export class RestoreRun {
  readonly input: RestoreInput
  readonly view: RunView
  private readonly hooks: HookRun
  private readonly pause: Pause
  private readonly hold: NamespaceHold
  private readonly notice: EndNotice
  private hookStatus: HookStatus | undefined
  private admitted: AdmittedRef | undefined
  private summary: PlanSummary | undefined
  private resumed = false
  private writes = true
  private preview = false
  concluded: Conclusion | undefined
  operations: OperationCounts | undefined
  private concludedAtMs = 0
  private isEnding = false
  /** Goes on beside the steps after the waves, until the next phase. */
  private beside: Promise<unknown> = Promise.resolve()
  private readonly root = CancellationScope.current()
  private readonly scope = new CancellationScope()

  /** Registers queries and signals, so that they answer from the first workflow task on. */
  constructor(input: RestoreInput) {
    this.input = input
    this.view = new RunView(input, () => this.scope.cancel())
    this.pause = new Pause(input, this.view)
    this.hooks = new HookRun(this.view)
    this.hold = new NamespaceHold(input, this.view)
    this.notice = new EndNotice(input, this.view)
    answerSweeps(input, this.view)
  }

  /** Runs the story so that the signal `cancel` stops it just as Temporal's own cancel does. */
  cancellable<T>(story: () => Promise<T>): Promise<T> {
    return this.scope.run(story)
  }

  /** Validates and claims the Restore; false where there is nothing to do for it. */
  async admit(): Promise<boolean> {
    const summary = 'validate and claim the Restore'
    const admission = await lookUntilOver<AdmitReport>({ ref: this.input, view: this.view }, ({ carry }) =>
      steps.admitRestore.executeWithOptions({ summary }, [
        { ref: this.input, ...(carry === undefined ? {} : { carry: carry as AdmitCarry }) },
      ]),
    )
    switch (admission.do) {
      case 'over':
        this.notice.begin(admission)
        this.view.enter(admission.phase)
        await this.notice.send()
        return false
      case 'restore':
        this.admittedBy(admission)
        this.writes = admission.itemsAreThrough !== true && !this.preview
        this.pause.begin(admission.levels ?? {})
        return true
    }
  }

  private admittedBy(admission: AdmittedRestore): void {
    this.notice.begin(admission)
    this.view.begin(admission)
    this.admitted = { ...bareRefOf(this.input), location: admission.location, ...runIn(admission) }
    this.resumed = admission.resumed
    this.preview = admission.preview === true
  }

  /** Indexes the archive and plans the waves. The plan itself is in the journal; here are its counts. */
  async plan(): Promise<void> {
    const ask = this.writes ? this.hold.askWhilePlanning(this.ref()) : {}
    const { asked, ...summary } = await planning.planRestore.executeWithOptions(
      { summary: 'read the backup and plan the waves' },
      [{ ref: this.ref(), ...followsIfReset(), ...ask }],
    )
    this.hold.planned(asked)
    this.summary = summary
    this.view.planned(summary)
  }

  /** Waits for its turn among restores that write into the same namespaces, and holds them until all items are restored (rule 9). */
  async holdNamespaces(): Promise<void> {
    if (this.summary !== undefined && this.summary.items > 0 && this.writes) await this.hold.take(this.ref())
  }

  /** Ends the restore before its first write where an object exists that must not (annotation `drydock.io/existing`). */
  async lookForExisting(): Promise<void> {
    if (this.summary?.mustNotExist !== true || !this.writes) return
    const summary = 'look for objects that must not exist'
    await planning.lookForExisting.executeWithOptions({ summary }, [{ ref: this.ref(), ...followsIfReset() }])
  }

  /** Restores wave after wave, chunks of a wave side by side. */
  async restoreWaves(): Promise<void> {
    if (this.summary === undefined) return
    const { input, summary: plan, resumed, view, hooks, pause } = this
    const parked = new Set(input.parked)
    const { progress } = await restoreWaves({ input, ref: this.ref(), plan, resumed, view, hooks, pause, parked })
    this.beside = Promise.all([progress, this.hold.release(this.ref())])
    if (!endsBeside()) await this.beside
  }

  /** Waits for the volumes of pods that node agents fill; the pods of Velero's file system backups wait for them too. */
  async awaitPodVolumes(): Promise<void> {
    if (this.summary !== undefined && !this.preview) await awaitPodVolumes(this.ref(), this.summary, this.view)
  }

  /** Writes the result files from the journal. */
  async conclude(): Promise<void> {
    this.concluded = await results.concludeRestore.executeWithOptions({ summary: 'write the result files' }, [
      { ref: this.ref(), complete: true, ...followsIfReset() },
    ])
    this.concludedAtMs = Date.now()
    this.view.concluded(this.concluded)
  }

  /** Polls asynchronous operations until all have ended; each has its own deadline. */
  async awaitOperations(): Promise<void> {
    if (this.concluded === undefined || this.concluded.operations === 0) return
    const show = async (counts: OperationCounts) => {
      this.operations = counts
      await this.enter(nextPhase('operations', this.errors()))
    }
    this.operations = await awaitOperations({
      ref: this.ref(),
      view: this.view,
      onWait: show,
      onFailure: async (counts) => {
        await this.conclude()
        const goesOn = counts.unfinished > 0 || !patched('straight-to-finalizing')
        if (this.operations !== undefined && goesOn) await show(counts)
      },
    })
  }

  /**
   * Runs the finalization tasks in order. Then it writes the result files again where a task added messages, where an
   * earlier run may have written other ones, or where the files have stood for a while: they come from the journal. A plan
   * has nothing to finalize.
   */
  async finalize(): Promise<void> {
    if (this.preview) return
    await this.enter(nextPhase('finalizing', this.errors()))
    const { added, hookStatus } = await runFinalizeTasks(this.ref(), this.view, this.concluded?.tasks)
    this.hookStatus = hookStatus
    await this.hooks.stop()
    const haveStood = Date.now() - this.concludedAtMs >= standMs
    if (added > 0 || this.resumed || (haveStood && patched('results-written-last'))) await this.conclude()
  }

  /** Enters the terminal phase. A cancel that comes now has no effect. */
  end(): Promise<RestoreOutcome> {
    this.isEnding = true
    return CancellationScope.nonCancellable(async () => {
      const more = { hookStatus: this.hookStatus ?? {}, ...detailsOf(this) }
      await this.enter(nextPhase('done', this.errors()), { fence: this.resumed, ...more })
      if (!this.preview) await writeReport(this.admitted, this.view)
      await this.notice.send(this.concluded?.details)
      return this.outcome()
    })
  }

  /** Whether a failure means that the restore was cancelled: an activity that is asked to stop may also fail, or be lost. */
  isCancelled(error: unknown): boolean {
    return isCancellation(error) || (this.scope.consideredCancelled && !this.isEnding)
  }

  /** Ends as cancelled: result files and log are there, the Restore is Failed, the workflow closes as Canceled. */
  async cancelled(): Promise<RestoreOutcome> {
    const reason = `cancelled: ${(this.view.cancelReason ??= 'by a cancel request in Temporal')}`
    this.pause.end()
    const begun = this.admitted === undefined ? await admissionAtEnd(this.input) : undefined
    if (begun !== undefined) this.admittedBy(begun)
    const noting = noteCancel(this.input, this.view, runIn(this.admitted ?? {}))
    await this.giveUp(reason)
    await noting.end()
    await closeAsCanceled(this.root, reason)
    throw new CancelledFailure(reason)
  }

  /** Ends as failed. A Restore that is gone needs no phase, and one that has ended without this run has one. */
  async failed(error: unknown): Promise<RestoreOutcome> {
    const words = wordsOfEnd(error)
    if (words === undefined) throw error
    if (typeOf(error) === 'PhaseRefused') return this.unended(error)
    const over = phaseOfEnd(error)
    if (over !== undefined) {
      if (over !== 'Gone') this.view.enter(over)
      if (this.admitted !== undefined) await this.hold.release(this.admitted)
      return { ...this.outcome(), phase: over }
    }
    const reason = `restore execution failed: ${words}`
    await this.giveUp(reason)
    throw ApplicationFailure.nonRetryable(reason, 'RestoreFailed')
  }

  /** What the workflow returns. */
  outcome(): RestoreOutcome {
    const { items = 0, warnings = 0, errors = 0 } = this.concluded ?? {}
    return { phase: this.view.phase, items, warnings, errors }
  }

  private async giveUp(reason: string): Promise<void> {
    this.view.waitingFor('the last writes to end')
    const work = { ref: this.admitted, isPlanned: this.summary !== undefined, hooks: this.hooks, view: this.view }
    const ended = await endWork(work)
    this.operations = ended.operations ?? this.operations
    const ref = this.view.isDeleted ? undefined : this.admitted
    const last = ref === undefined ? undefined : await storeLastResults(ref)
    if (last?.do === 'stored') this.concluded = last.counts
    const failureReason = last?.do === 'late' ? withResultsMissing(reason, last.why) : reason
    try {
      await this.setPhase('end the Restore as Failed', {
        phase: 'Failed',
        failureReason,
        fence: true,
        ...countsOf(this),
        ...lastProgressOf(this, this.summary?.items ?? 0),
        ...detailsOf(this),
      })
    } catch (thrown) {
      if (typeOf(thrown) === 'PhaseRefused') await this.unended(thrown)
      if (typeOf(thrown) !== 'RestoreGone') throw thrown
    }
    this.view.enter('Failed', failureReason)
    if (this.admitted !== undefined) await this.hold.release(this.admitted)
    const late = { claims: ended.claimsMayBeAway === true, results: last?.do === 'late' }
    // What is late may take a day.
    if (late.claims || late.results) await this.notice.send(this.concluded?.details)
    if (ref !== undefined) await workLate(ref, late, this.view)
    if (!this.preview) await writeReport(ref, this.view)
    await this.notice.send(this.concluded?.details)
  }

  /** Ends this run alone: the API server refuses the last phase of the restore. The next run tries it again. */
  private async unended(thrown: unknown): Promise<never> {
    if (this.admitted !== undefined) await this.hold.release(this.admitted)
    throw ApplicationFailure.nonRetryable(reasonOf(thrown), 'PhaseRefused')
  }

  private async enter(
    phase: RestorePhase,
    options: Pick<SetPhaseInput, 'fence' | 'hookStatus' | 'details'> = {},
  ): Promise<void> {
    await this.beside
    const wanted = { phase, ...options, ...countsOf(this), ...progressOf(this) }
    const report = await this.setPhase(`enter phase ${phase}`, wanted)
    this.view.enter(report.phase === '' ? phase : report.phase, report.problem)
  }

  /** A phase that the API server refuses is tried again, and the view says why. */
  private setPhase(summary: string, wanted: Omit<SetPhaseInput, 'ref'>): Promise<SetPhaseReport> {
    const ref = bareRefOf(this.input)
    return lookUntilOver<SetPhaseReport>({ ref, view: this.view }, (look) =>
      phases.setPhase.executeWithOptions({ summary }, [{ ref, ...wanted, look }]),
    )
  }

  private errors(): number {
    return this.concluded?.errors ?? 0
  }

  private ref(): AdmittedRef {
    if (this.admitted !== undefined) return this.admitted
    throw ApplicationFailure.nonRetryable('the restore is not admitted', 'RestoreFailed')
  }
}

function runIn({ run }: { run?: number }): { run?: number } {
  return run === undefined ? {} : { run }
}
