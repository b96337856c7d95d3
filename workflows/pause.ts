import { CancellationScope, patched, setHandler } from '@temporalio/workflow'
import type { Levels } from '../core/request/levels.ts'
import { bareRefOf, deletedReason, lookSignal, pauseSignal, resumeSignal } from '../contract/restore-workflow.ts'
import type { RestoreInput } from '../contract/restore-workflow.ts'
import { reasonOf, steps, typeOf } from './activity-calls.ts'
import { reasonIn } from './run-view.ts'
import type { RunView } from './run-view.ts'

/**
 * Keeps a run and its Restore of one mind about a pause. One that came by signal is written onto the Restore, so that it
 * outlives this run; what somebody else has written there is read when the run is told to look. One step at a time: what is
 * read is never older than what was written.
 */
export class Pause {
  private readonly input: RestoreInput
  private readonly view: RunView
  /** What the Restore says, as far as this run knows. */
  private stands: string | undefined
  private isLookDue = false
  private isBusy = false
  /** Before it is claimed, nothing is written onto a Restore. */
  private isAdmitted = false

  constructor(input: RestoreInput, view: RunView) {
    this.input = input
    this.view = view
    setHandler(pauseSignal, (argument) => this.set(reasonIn(argument) ?? 'by signal'), {
      description: 'Start no further chunk until resume',
    })
    setHandler(resumeSignal, () => this.set(undefined), { description: 'Go on after pause' })
    setHandler(lookSignal, () => this.look(), { description: 'Read the Restore again: it was cancelled or paused' })
  }

  /** Does what the Restore asked for when this run was admitted. */
  begin(levels: Levels): void {
    this.isAdmitted = true
    this.obey(levels, this.view.paused === undefined)
    this.agree()
  }

  /** A restore that is cancelled is paused no more. */
  end(): void {
    this.view.pause(undefined)
    this.agree()
  }

  /** Brings the Restore up to the run, or the run up to the Restore, in the background. */
  agree(): void {
    if (this.isBusy || !this.isAdmitted || !this.isDue() || !patched('pause-on-the-restore')) return
    this.isBusy = true
    void CancellationScope.nonCancellable(async () => {
      try {
        while (this.isDue()) await (this.isAgreed() ? this.read() : this.write())
      } catch (thrown) {
        if (typeOf(thrown) === 'RestoreGone') this.view.cancel(deletedReason)
        else this.view.trouble(`what stands on the Restore is not known: ${reasonOf(thrown)}`)
      }
      this.isBusy = false
    })
  }

  /** The pause that the next run would not find on the Restore. */
  unwritten(): string | undefined {
    return this.isAgreed() ? undefined : this.view.paused
  }

  private set(reason: string | undefined): void {
    this.view.pause(reason)
    this.agree()
  }

  private look(): void {
    this.isLookDue = true
    this.agree()
  }

  private isAgreed(): boolean {
    return this.view.paused === this.stands
  }

  private isDue(): boolean {
    return this.isLookDue || !this.isAgreed()
  }

  private async write(): Promise<void> {
    const because = this.view.paused
    const summary = because === undefined ? 'take the pause off the Restore' : 'write the pause onto the Restore'
    await steps.notePause.executeWithOptions({ summary }, [
      { ref: bareRefOf(this.input), ...(because === undefined ? {} : { because }) },
    ])
    this.stands = because
  }

  private async read(): Promise<void> {
    this.isLookDue = false
    const levels = await steps.readLevels.executeWithOptions({ summary: 'read the Restore again' }, [
      { ref: bareRefOf(this.input) },
    ])
    this.obey(levels, this.isAgreed())
  }

  /** A signal that came meanwhile is newer than the pause that was read. */
  private obey({ deleted, cancel, pause }: Levels, isNews: boolean): void {
    this.stands = pause
    if (isNews) this.view.pause(pause)
    if (deleted) this.view.cancel(deletedReason)
    else if (cancel !== undefined) this.view.cancel(cancel)
  }
}
