import { log, setCurrentDetails, setHandler } from '@temporalio/workflow'
import { cancelUndoSignal, undoProgressQuery } from '../../contract/undo-restore.ts'
import type { UndoInput, UndoPlace, UndoProgress } from '../../contract/undo-restore.ts'
import type { UndoResult } from '../../contract/undo-outcome.ts'
import { addCounts, countsInWords, noSteps } from '../../core/undo/undo-step.ts'
import type { StepCounts } from '../../core/undo/undo-step.ts'
import { reasonIn } from '../run-view.ts'

/** What people see of an undo, and the signal that stops it. */
export class UndoView {
  cancelReason: string | undefined
  private readonly input: UndoInput
  private waiting: string | undefined
  private doing = 'looking whether it can be undone'
  private counts: StepCounts = noSteps
  private itemsDone = 0
  private itemsTotal = 0
  private report: string | undefined

  constructor(input: UndoInput, cancel: () => void) {
    this.input = input
    setHandler(undoProgressQuery, () => this.progress(), { description: 'How many items, and what was done' })
    setHandler(
      cancelUndoSignal,
      (argument) => {
        this.cancelReason ??= reasonIn(argument) ?? 'no reason given'
        cancel()
      },
      { description: 'Stop at the next object; the argument is the reason' },
    )
    this.show()
  }

  /** The restore can be undone. A run that goes on shows what the one before has shown. */
  begin(itemsTotal: number, goOn?: UndoPlace): void {
    this.itemsTotal = itemsTotal
    this.doing = goOn?.stage === 'undo' ? 'undoing' : 'looking at its objects'
    this.itemsDone = goOn?.shown.itemsDone ?? 0
    this.counts = goOn?.shown.counts ?? noSteps
    this.show()
  }

  /** What the next run is to show. */
  shown(): UndoPlace['shown'] {
    return { itemsDone: this.itemsDone, counts: this.counts }
  }

  /** What is to be done about so many items is decided. */
  planned(items: number): void {
    this.itemsDone += items
    this.show()
  }

  /** So many items are worked off. */
  done(items: number, counts: StepCounts): void {
    if (this.doing !== 'undoing') this.itemsDone = 0
    this.doing = 'undoing'
    this.itemsDone += items
    this.counts = addCounts(this.counts, counts, 0)
    this.show()
  }

  /** All is done. */
  ended({ reportUrl, report, ...counts }: UndoResult): void {
    this.counts = { ...counts, keptFirst: [] }
    this.doing = 'undone'
    if (report !== undefined) this.report = reportUrl === undefined ? `\`${report}\`` : `[${report}](${reportUrl})`
    this.show()
  }

  /** Sets what is waited for; undefined while work goes on. */
  waitingFor(reason: string | undefined): void {
    this.waiting = reason
    this.show()
  }

  /** Begins a wait that may change its words, as `lookUntilOver` has it. */
  beginWait(): { reason: () => string; change: (reason: string) => void; end: () => void } {
    return {
      reason: () => this.waiting ?? '',
      change: (reason) => this.waitingFor(reason),
      end: () => this.waitingFor(undefined),
    }
  }

  /** Something that stops nothing. */
  trouble(text: string): void {
    log.warn(text)
  }

  private progress(): UndoProgress {
    const { deleted, putBack, kept, gone } = this.counts
    const waiting = this.waiting === undefined ? {} : { waitingFor: this.waiting }
    return { deleted, putBack, kept, gone, itemsDone: this.itemsDone, itemsTotal: this.itemsTotal, ...waiting }
  }

  private show(): void {
    const { namespace, name } = this.input
    const items = this.itemsTotal === 0 ? '' : `, ${this.itemsDone} of ${this.itemsTotal} items`
    const waiting = this.waiting === undefined ? '' : `\n\nWaiting for ${this.waiting}.`
    const report = this.report === undefined ? '' : `\n\nReport: ${this.report}`
    setCurrentDetails(
      `**Undo of ${namespace}/${name}**: ${this.doing}${items}: ${countsInWords(this.counts)}.${waiting}${report}`,
    )
  }
}
