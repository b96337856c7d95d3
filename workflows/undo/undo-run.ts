import { ActivityFailure, ApplicationFailure, CancellationScope, CancelledFailure } from '@temporalio/workflow'
import { isCancellation, log } from '@temporalio/workflow'
import type { AdmittedUndo } from '../../activities/undo/admit-undo.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { bareRefOf } from '../../contract/restore-workflow.ts'
import { undoFailedType, undoRefusedType } from '../../contract/undo-restore.ts'
import { keptShownMax } from '../../contract/undo-outcome.ts'
import type { UndoInput } from '../../contract/undo-restore.ts'
import type { UndoResult } from '../../contract/undo-outcome.ts'
import { addCounts, noSteps } from '../../core/undo/undo-step.ts'
import type { StepCounts } from '../../core/undo/undo-step.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { chunks, inLanes, lastResults, reasonOf, results, typeOf } from '../activity-calls.ts'
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
  private counts: StepCounts = noSteps
  private isEnding = false
  private readonly root = CancellationScope.current()
  private readonly scope = new CancellationScope()

  /** Registers queries and signals, so that they answer from the first workflow task on. */
  constructor(input: UndoInput) {
    this.input = input
    this.isDryRun = input.dryRun === true
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
      { ref: bareRefOf(this.input), dryRun: this.isDryRun },
    ])
    this.admitted = ref
    this.waves = waves
    this.view.begin(waves.flatMap((wave) => wave.chunks).reduce((sum, items) => sum + items, 0))
  }

  /** Waits for its turn among restores that write into the same namespaces, and holds them until it has ended (rule 9). */
  async holdNamespaces(): Promise<void> {
    if (!this.isDryRun && this.waves.length > 0) await this.hold.take(this.ref())
  }

  /** Decides about each object, in the order in which they are undone, and journals that. */
  async plan(): Promise<void> {
    const ref = this.ref()
    await this.eachChunk(async ({ wave, chunk, items }) => {
      const summary = `plan the undo of ${this.waves[wave]?.groupResource ?? ''}`
      const report = await chunks.planUndo.executeWithOptions({ summary }, [
        { ref, wave, chunk, dryRun: this.isDryRun },
      ])
      this.counts = addCounts(this.counts, report, keptShownMax)
      this.view.planned(items)
    })
  }

  /** What would be done. */
  planned(): UndoResult {
    return { dryRun: true, ...this.counts, at: rfc3339(new Date()) }
  }

  /** Works off wave after wave, the last one first, chunks of a wave side by side. */
  async undoWaves(): Promise<void> {
    const ref = this.ref()
    await this.eachChunk(async ({ wave, chunk, items }) => {
      const summary = `undo ${this.waves[wave]?.groupResource ?? ''}`
      this.view.done(items, await chunks.undoChunk.executeWithOptions({ summary }, [{ ref, wave, chunk }]))
    })
  }

  /** Tells what it came to. A cancel that comes now has no effect. */
  end(): Promise<UndoResult> {
    this.isEnding = true
    return CancellationScope.nonCancellable(async () => {
      const result = await results.endUndo.executeWithOptions({ summary: 'tell what it came to' }, [
        { ref: this.ref() },
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
    if (!(error instanceof ActivityFailure) && !(error instanceof ApplicationFailure)) throw error
    const reason = reasonOf(error)
    if (typeOf(error) === undoRefusedType) throw ApplicationFailure.nonRetryable(reason, undoRefusedType)
    await this.stop(reason)
    throw ApplicationFailure.nonRetryable(
      `the undo of restore "${this.input.name}" has stopped: ${reason}`,
      undoFailedType,
    )
  }

  /** Tells on the Restore and in the bucket how far it came, within a minute: started again it goes on from there. */
  private async stop(reason: string): Promise<void> {
    const ref = this.admitted
    if (ref === undefined || this.isDryRun) return
    try {
      await lastResults.endUndo.executeWithOptions({ summary: 'tell how far it came' }, [{ ref, stopped: reason }])
    } catch (thrown) {
      log.warn('nobody is told how far the undo came', { reason: reasonOf(thrown) })
    }
    await this.hold.release(ref)
  }

  private async eachChunk(work: (one: { wave: number; chunk: number; items: number }) => Promise<void>): Promise<void> {
    for (const [wave, { chunks: sizes }] of [...this.waves.entries()].toReversed()) {
      const last = sizes.length - 1
      await inLanes({ to: sizes.length }, (index) => {
        const chunk = last - index
        return work({ wave, chunk, items: sizes[chunk] ?? 0 })
      })
    }
  }

  private ref(): AdmittedRef {
    if (this.admitted === undefined) throw ApplicationFailure.nonRetryable('the undo is not admitted', undoFailedType)
    return this.admitted
  }
}
