import { ApplicationFailure, CancellationScope, CancelledFailure } from '@temporalio/workflow'
import { continueAsNew, isCancellation, log, workflowInfo } from '@temporalio/workflow'
import type { AdmittedUndo } from '../../activities/undo/admit-undo.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { bareRefOf } from '../../contract/restore-workflow.ts'
import { undoFailedType, undoRefusedType } from '../../contract/undo-restore.ts'
import { keptShownMax } from '../../contract/undo-outcome.ts'
import type { UndoInput, UndoPlace } from '../../contract/undo-restore.ts'
import type { UndoResult } from '../../contract/undo-outcome.ts'
import { undoOrder } from '../../core/undo/undo-order.ts'
import { addCounts, noSteps } from '../../core/undo/undo-step.ts'
import type { StepCounts } from '../../core/undo/undo-step.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { chunks, inLanes, lastResults, looks, lookUntilOver } from '../activity-calls.ts'
import { reasonOf, results, typeOf, wordsOfEnd } from '../activity-calls.ts'
import { closeAsCanceled } from '../give-up.ts'
import { NamespaceHold } from '../hold-namespaces.ts'
import { UndoView } from './undo-view.ts'

type Wave = AdmittedUndo['waves'][number]

/** One undo of a restore: what it knows so far, and its steps in the order of the story. */
export class UndoRun {
  readonly isDryRun: boolean
  private readonly input: UndoInput
  private readonly view: UndoView
  private readonly hold: NamespaceHold
  private admitted: AdmittedRef | undefined
  private waves: readonly Wave[] = []
  private order: readonly number[] = []
  private customCount = 0
  private stillThere: readonly string[]
  private counts: StepCounts
  private isEnding = false
  /** What comes next. */
  private place: Pick<UndoPlace, 'stage' | 'at' | 'chunk'>
  private readonly root = CancellationScope.current()
  private readonly scope = new CancellationScope()

  /** Registers queries and signals, so that they answer from the first workflow task on. */
  constructor(input: UndoInput) {
    this.input = input
    this.isDryRun = input.dryRun === true
    const { stage = 'plan', at = 0, chunk = 0 } = input.goOn ?? {}
    this.place = { stage, at, chunk }
    this.counts = input.goOn?.counts ?? noSteps
    this.stillThere = input.goOn?.stillThere ?? []
    this.admitted = input.goOn?.admitted
    this.view = new UndoView(input, () => this.scope.cancel())
    this.hold = new NamespaceHold(input, this.view)
  }

  /** Runs the story so that the signal `cancel` stops it just as Temporal's own cancel does. */
  cancellable<T>(story: () => Promise<T>): Promise<T> {
    return this.scope.run(story)
  }

  /** Looks whether the restore can be undone: reads its whole journal. Where it cannot, nothing is written. */
  async admit(): Promise<void> {
    const { ref, waves } = await results.admitUndo.executeWithOptions({ summary: 'look whether it can be undone' }, [
      { ref: bareRefOf(this.input), dryRun: this.isDryRun, ...(this.input.goOn === undefined ? {} : { goesOn: true }) },
    ])
    this.admitted = ref
    this.waves = waves
    const { order, customCount } = this.input.goOn?.order ?? undoOrder(waves)
    this.order = order
    this.customCount = customCount
    const items = waves.flatMap((wave) => wave.chunks).reduce((sum, size) => sum + size, 0)
    this.view.begin(items, this.input.goOn)
  }

  /** Waits for its turn among restores that write into the same namespaces, and holds them until it has ended (rule 9). */
  async holdNamespaces(): Promise<void> {
    if (!this.isDryRun && this.waves.length > 0) await this.hold.take(this.ref())
  }

  /** Decides about each object, in the order in which they are undone, and journals that. */
  async plan(): Promise<void> {
    const ref = this.ref()
    if (this.place.stage === 'undo') return
    await this.eachChunk(this.order.length, async ({ wave, chunk, items }) => {
      const summary = `plan the undo of ${this.waves[wave]?.groupResource ?? ''}`
      const report = await chunks.planUndo.executeWithOptions({ summary }, [
        { ref, wave, chunk, dryRun: this.isDryRun },
      ])
      this.counts = addCounts(this.counts, report, keptShownMax)
      this.view.planned(items)
    })
    this.place = { stage: 'undo', at: 0, chunk: 0 }
  }

  /** What would be done. */
  planned(): UndoResult {
    return { dryRun: true, ...this.counts, at: rfc3339(new Date()) }
  }

  /**
   * Works off wave after wave, chunks of a wave side by side: those of custom objects first, and once these are gone all others, the
   * last one of the restore first.
   */
  async undoWaves(): Promise<void> {
    await this.undoWavesTo(this.customCount)
    await this.awaitCustom()
    await this.undoWavesTo(this.order.length)
  }

  private undoWavesTo(end: number): Promise<void> {
    const ref = this.ref()
    return this.eachChunk(end, async ({ wave, chunk, items }) => {
      const summary = `undo ${this.waves[wave]?.groupResource ?? ''}`
      this.view.done(items, await chunks.undoChunk.executeWithOptions({ summary }, [{ ref, wave, chunk }]))
    })
  }

  /** Waits, for a bounded time, until the custom objects that were deleted are gone: the operator that ends them may be deleted next. */
  private async awaitCustom(): Promise<void> {
    const { at, chunk } = this.place
    if (this.customCount === 0 || at > this.customCount || chunk > 0) return
    const kinds = this.order.slice(0, this.customCount).map((wave) => this.waves[wave]?.groupResource ?? '')
    const run = { ref: this.ref(), view: this.view }
    const sinceMs = Date.now()
    const report = await lookUntilOver(run, (look) =>
      looks.awaitCustom.executeWithOptions({ summary: 'look whether the custom objects are gone' }, [
        { ref: run.ref, kinds, sinceMs, look },
      ]),
    )
    this.stillThere = report.left
  }

  /** Tells what it came to. A cancel that comes now has no effect. */
  end(): Promise<UndoResult> {
    this.isEnding = true
    return CancellationScope.nonCancellable(async () => {
      const result = await results.endUndo.executeWithOptions({ summary: 'tell what it came to' }, [
        { ref: this.ref(), ...this.notGone() },
      ])
      await this.hold.release(this.ref())
      this.view.ended(result)
      return result
    })
  }

  /** Whether a failure means that the undo was cancelled: an activity that is asked to stop may also fail, or be lost. */
  isCancelled(error: unknown): boolean {
    return isCancellation(error) || (this.scope.consideredCancelled && !this.isEnding)
  }

  /** Ends as cancelled: what was done is told, and the workflow closes as Canceled. */
  async cancelled(): Promise<UndoResult> {
    const reason = `cancelled: ${this.view.cancelReason ?? 'by a cancel request in Temporal'}`
    await this.stop(reason)
    await closeAsCanceled(this.root, reason)
    throw new CancelledFailure(reason)
  }

  /** Ends as failed, or as refused. */
  async failed(error: unknown): Promise<UndoResult> {
    const reason = wordsOfEnd(error)
    if (reason === undefined) throw error
    if (typeOf(error) === undoRefusedType && !this.mayHaveWritten())
      throw ApplicationFailure.nonRetryable(reason, undoRefusedType)
    await this.stop(reason)
    throw ApplicationFailure.nonRetryable(
      `the undo of restore "${this.input.name}" has stopped: ${reason}`,
      undoFailedType,
    )
  }

  /** Whether a refusal comes too late to say that nothing was written: an earlier run may have deleted objects. */
  private mayHaveWritten(): boolean {
    return this.input.goOn !== undefined && !this.isDryRun
  }

  /** Tells on the Restore and in the bucket how far it came, within a minute: started again it goes on from there. */
  private async stop(reason: string): Promise<void> {
    const ref = this.admitted
    if (ref === undefined || this.isDryRun) return
    try {
      await lastResults.endUndo.executeWithOptions({ summary: 'tell how far it came' }, [
        { ref, stopped: reason, ...this.notGone() },
      ])
    } catch (thrown) {
      log.warn('nobody is told how far the undo came', { reason: reasonOf(thrown) })
    }
    await this.hold.release(ref)
  }

  private notGone(): { stillThere?: readonly string[] } {
    return this.stillThere.length === 0 ? {} : { stillThere: this.stillThere }
  }

  /** Works on the chunks of the waves before `end` in the order of the undo; where the history is long, a new run goes on. */
  private async eachChunk(
    end: number,
    work: (one: { wave: number; chunk: number; items: number }) => Promise<void>,
  ): Promise<void> {
    const isOver = () => workflowInfo().continueAsNewSuggested
    while (this.place.at < end) {
      const { stage, at, chunk: from } = this.place
      const wave = this.order[at] ?? 0
      const sizes = this.waves[wave]?.chunks ?? []
      const last = sizes.length - 1
      const next = await inLanes({ from, to: sizes.length, isOver }, async (index) => {
        await this.view.unpaused()
        const chunk = last - index
        await work({ wave, chunk, items: sizes[chunk] ?? 0 })
      })
      this.place = next < sizes.length ? { stage, at, chunk: next } : { stage, at: at + 1, chunk: 0 }
      if (isOver()) await this.goOnInNewRun()
    }
  }

  /** Continues in a new run, which holds the same namespaces. Nothing is awaited between the look at a cancel and the end of this run. */
  private goOnInNewRun(): Promise<never> {
    if (this.scope.consideredCancelled) throw new CancelledFailure('cancelled before a new run')
    const { place, counts, stillThere, order, customCount } = this
    const admitted = this.ref()
    return continueAsNew<(input: UndoInput) => Promise<UndoResult>>({
      ...this.input,
      goOn: { ...place, counts, stillThere, shown: this.view.shown(), admitted, order: { order, customCount } },
    })
  }

  private ref(): AdmittedRef {
    if (this.admitted === undefined) throw ApplicationFailure.nonRetryable('the undo is not admitted', undoFailedType)
    return this.admitted
  }
}
