import { condition, log, setCurrentDetails, setHandler } from '@temporalio/workflow'
import { pauseSignal, resumeSignal } from '../../contract/restore-workflow.ts'
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
  private paused: string | undefined

  constructor(input: UndoInput, cancel: () => void) {
    this.input = input
    this.paused = input.goOn?.shown.paused
    setHandler(pauseSignal, (argument) => this.pause(reasonIn(argument) ?? ''), {
      description: 'Begin no further chunk until `resume`; the argument is the reason',
    })
    setHandler(resumeSignal, () => this.pause(undefined), { description: 'Go on' })
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
    const { itemsDone, counts, paused } = this
    return { itemsDone, counts, ...(paused === undefined ? {} : { paused }) }
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

  /** Returns at once unless the undo is paused. */
  async unpaused(): Promise<void> {
    if (this.paused !== undefined) await condition(() => this.paused === undefined)
  }

  private pause(reason: string | undefined): void {
    this.paused = reason
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
    const reason = this.reason()
    const waiting = reason === undefined ? {} : { waitingFor: reason }
    return { deleted, putBack, kept, gone, itemsDone: this.itemsDone, itemsTotal: this.itemsTotal, ...waiting }
  }

  private reason(): string | undefined {
    return this.waiting ?? (this.paused === undefined ? undefined : `resume: paused ${this.paused}`.trimEnd())
  }

  private show(): void {
    const { namespace, name } = this.input
    const items = this.itemsTotal === 0 ? '' : `, ${this.itemsDone} of ${this.itemsTotal} items`
    const reason = this.reason()
    const waiting = reason === undefined ? '' : `\n\nWaiting for ${reason}.`
    const report = this.report === undefined ? '' : `\n\nReport: ${this.report}`
    setCurrentDetails(
      `**Undo of ${namespace}/${name}**: ${this.doing}${items}: ${countsInWords(this.counts)}.${waiting}${report}`,
    )
  }
}
