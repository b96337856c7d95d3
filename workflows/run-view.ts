import { HandlerUnfinishedPolicy } from '@temporalio/common'
import { CancellationScope, condition, log, patched, setCurrentDetails, setHandler } from '@temporalio/workflow'
import { upsertSearchAttributes } from '@temporalio/workflow'
import type { ChunkReport } from '../activities/items/restore-chunk.ts'
import type { ReportPlace } from '../activities/conclude/write-report.ts'
import type { AdmittedRestore } from '../activities/admit/claim-restore.ts'
import type { PlanSummary } from '../core/plan/plan.ts'
import { FailureCauses } from '../core/report/failure-causes.ts'
import { ChunkCounts, handCounts, takeCounts } from '../core/results/chunk-counts.ts'
import { isTerminal } from '../velero/phases.ts'
import type { RestorePhase } from '../velero/phases.ts'
import { phases, reasonOf } from './activity-calls.ts'
import {
  cancelSignal,
  deletedReason,
  failuresQuery,
  pausedWords,
  planQuery,
  progressQuery,
  sweptSignal,
} from '../contract/restore-workflow.ts'
import type { RestoreInput, RestoreProgress, ShownProgress } from '../contract/restore-workflow.ts'
import { causesTable, describeRun, outcomeWord, reportLines } from './view/describe-run.ts'
import { Happenings } from './view/happenings.ts'
import { outcomeAttribute, phaseAttribute } from '../contract/search-attributes.ts'

/** Texts of trouble that the query `failures` keeps. */
const failuresMax = 20

/** Causes of failures that are shown, and handed to the next run. */
const causesMax = 10

/** Details are limited to 20,000 bytes, and a list of namespaces may be long. */
const reasonMax = 1000

/** What people see of a run, and the signals they send it: queries, current details, search attributes. */
export class RunView {
  cancelReason: string | undefined
  /** The Restore is deleted, or is about to be. */
  isDeleted = false
  phase: RestorePhase | 'Gone' = 'New'
  /** Why the restore is paused; undefined where it is not. */
  paused: string | undefined
  private readonly input: RestoreInput
  private plan: PlanSummary | undefined
  private wave: number
  private readonly stop: () => void
  private waiting: string | undefined
  private readonly waits = new Set<{ reason: string }>()
  private startedAt: string | undefined
  private messages = { warnings: 0, errors: 0 }
  private readonly counts: ChunkCounts
  private readonly failures: string[]
  private readonly causes: FailureCauses
  /** What has happened, for the report. */
  readonly happenings: Happenings
  /** Where the report is, once it is written. */
  place: ReportPlace | undefined

  constructor(input: RestoreInput, cancel: () => void) {
    this.input = input
    this.stop = cancel
    const { shown } = input
    if (shown !== undefined) this.phase = 'InProgress'
    this.wave = shown?.wave ?? 0
    this.paused = shown?.paused
    this.counts = new ChunkCounts(takeCounts(shown?.counts ?? {}))
    this.failures = [...(shown?.failures ?? [])]
    this.causes = new FailureCauses(Object.entries(shown?.causes ?? {}))
    this.happenings = new Happenings(shown?.timeline)
    setHandler(progressQuery, () => this.progress(), { description: 'Phase, wave, items and what is being waited for' })
    setHandler(planQuery, () => this.plan, { description: 'Waves and chunks of the plan, as counts' })
    setHandler(
      failuresQuery,
      () => [...this.causes.top(causesMax).map(({ cause, count }) => `${count} × ${cause}`), ...this.failures],
      { description: 'What went wrong lately, in short' },
    )
    setHandler(cancelSignal, (argument) => this.cancel(reasonIn(argument) ?? 'no reason given'), {
      description: 'Stop at the next item; the argument is the reason',
    })
    this.show()
  }

  /** Ends the restore. A later cancel changes nothing, unless it says that the Restore is deleted. */
  cancel(reason: string): void {
    this.cancelReason ??= reason
    this.isDeleted ||= reason === deletedReason
    this.paused = undefined
    this.stop()
  }

  /** Starts no further chunk until the pause is taken back by `undefined`. What is cancelled is not paused. */
  pause(reason: string | undefined): void {
    this.paused = this.cancelReason === undefined ? reason : undefined
    this.happenings.change('pause', this.paused)
    this.show()
  }

  begin(admission: AdmittedRestore): void {
    this.phase = 'InProgress'
    this.startedAt = admission.startedAt
    this.happenings.change('phase', this.phase)
    this.show()
  }

  planned(plan: PlanSummary): void {
    this.plan = plan
    this.show()
  }

  enterWave(index: number): void {
    this.wave = index + 1
    this.happenings.change('wave', this.plan?.waves[index]?.groupResource ?? String(index + 1))
    this.show()
  }

  /** A chunk's report replaces its earlier one: it tells of the whole chunk. */
  report(key: string, report: ChunkReport): void {
    this.counts.set(key, report)
    this.causes.set(key, report.causes)
    this.show()
  }

  concluded(counts: { warnings: number; errors: number }): void {
    this.messages = counts
    this.show()
  }

  enter(phase: RestorePhase | 'Gone', reason?: string): void {
    this.phase = phase
    if (reason !== undefined) this.trouble(reason)
    this.happenings.change('phase', phase)
    this.happenings.change('wait', undefined)
    this.waiting = undefined
    this.show()
  }

  trouble(text: string): void {
    this.failures.push(text)
    if (this.failures.length > failuresMax) this.failures.shift()
  }

  waitingFor(reason: string | undefined): void {
    this.waiting = reason?.slice(0, reasonMax)
    this.happenings.change('wait', this.waiting)
    this.show()
  }

  /** The report is written: the details say where. */
  reported(place: ReportPlace | undefined): void {
    this.place = place
    this.show()
  }

  /** Shows a wait that may go on beside others, from its first reason to its end. */
  beginWait(): { reason: () => string; change: (reason: string) => void; end: () => void } {
    const wait = { reason: '' }
    let end: (() => void) | undefined
    this.waits.add(wait)
    return {
      reason: () => wait.reason,
      change: (reason) => {
        wait.reason = reason.slice(0, reasonMax)
        end ??= this.happenings.begin('wait', reason)
        this.show()
      },
      end: () => {
        this.waits.delete(wait)
        end?.()
        this.show()
      },
    }
  }

  /** Returns at once unless the restore is paused. */
  async unpaused(): Promise<void> {
    if (this.paused !== undefined) await condition(() => this.paused === undefined)
  }

  /** What the next run shows from its beginning; `parked` are the chunks that will report again. */
  forNextRun(parked: ReadonlySet<string>): Omit<ShownProgress, 'paused'> {
    const { wave, waves, itemsTotal } = this.progress()
    return {
      wave,
      waves,
      itemsTotal,
      counts: handCounts(this.counts.reports, parked),
      failures: this.failures.map((text) => text.slice(0, reasonMax)),
      timeline: this.happenings.entries(),
      causes: this.causes.handed(parked, causesMax),
    }
  }

  /** Items of the resource list so far: what `status.progress` counts, so that it comes to the list in the end. */
  itemsListed(): number {
    return this.counts.all().listed
  }

  /** Items that are done. A condition asks for it, where a fault would keep the workflow from any further step. */
  itemsDone(): number {
    return this.counts.all().items
  }

  /** Where the restore stands. */
  progress(): RestoreProgress {
    const sum = this.counts.all()
    const ofPlan = this.plan?.waves[this.wave - 1]
    const waitingFor = this.paused === undefined ? this.waitReason() : `${pausedWords}${this.paused}`
    return {
      phase: this.phase,
      wave: this.wave,
      waves: this.plan?.waves.length ?? this.input.shown?.waves ?? 0,
      ...(ofPlan === undefined ? {} : { groupResource: ofPlan.groupResource, waveLeft: this.leftOf(ofPlan.items) }),
      itemsDone: sum.items,
      itemsTotal: this.plan?.items ?? this.input.shown?.itemsTotal ?? 0,
      created: sum.created,
      updated: sum.updated,
      skipped: sum.skipped,
      failed: sum.failed,
      warnings: Math.max(sum.warnings, this.messages.warnings),
      errors: Math.max(sum.errors, this.messages.errors),
      ...(waitingFor === undefined ? {} : { waitingFor }),
      ...(this.startedAt === undefined ? {} : { startedAt: this.startedAt }),
    }
  }

  private leftOf(items: number): number {
    return Math.max(0, items - this.counts.ofWave(this.wave - 1).items)
  }

  private waitReason(): string | undefined {
    const reasons = [...this.waits].flatMap(({ reason }) => (reason === '' ? [] : [reason]))
    return reasons.length === 0 ? this.waiting : reasons.join('; ').slice(0, reasonMax)
  }

  private shownPhase: string | undefined

  /** What cannot be shown is no reason to stop: a fault here would keep the workflow from any further step. */
  private show(): void {
    try {
      this.showDetails()
    } catch (thrown) {
      log.error('the details of a restore cannot be shown', { error: reasonOf(thrown) })
    }
  }

  private showDetails(): void {
    setCurrentDetails(
      [
        describeRun(this.input, this.progress(), this.plan, this.counts),
        ...causesTable(this.causes.top(causesMax)),
        ...reportLines(this.input, this.place),
      ].join('\n\n'),
    )
    if (this.input.tagged !== true || this.shownPhase === this.phase) return
    this.shownPhase = this.phase
    upsertSearchAttributes([
      { key: phaseAttribute, value: this.phase },
      { key: outcomeAttribute, value: outcomeWord(this.phase, this.cancelReason) },
    ])
  }
}

/** The reason in a signal's argument, cut to 500 characters: people send a text or an object from the Web UI. */
export function reasonIn(argument: string | { reason?: string } | undefined): string | undefined {
  const reason = typeof argument === 'string' ? argument : argument?.reason
  return typeof reason === 'string' && reason !== '' ? reason.slice(0, 500) : undefined
}

/**
 * Puts the phase back when a starting Velero server has marked the running restore as Failed (rule 1). Before its first
 * phase a restore has nothing to put back, and a terminal phase stays.
 */
export function answerSweeps({ namespace, name, uid }: RestoreInput, view: RunView): void {
  let isPuttingBack = false
  const putBack = async (): Promise<void> => {
    const { phase } = view
    if (phase === 'Gone' || phase === 'New' || isTerminal(phase)) return
    // It is sent again as long as the Restore stands so.
    if (isPuttingBack && patched('sweeps-one-at-a-time')) return
    isPuttingBack = true
    try {
      await CancellationScope.nonCancellable(() =>
        phases.putBackPhase.executeWithOptions({ summary: `put the phase back to ${phase}` }, [
          { ref: { namespace, name, uid }, phase },
        ]),
      )
    } catch (thrown) {
      // A handler that throws would end the restore; and the next phase replaces what the server wrote anyway.
      view.trouble(`the phase could not be put back: ${reasonOf(thrown)}`)
    }
    isPuttingBack = false
  }
  setHandler(sweptSignal, putBack, {
    description: 'A starting Velero server has marked the Restore as Failed: its phase is put back',
    unfinishedPolicy: HandlerUnfinishedPolicy.ABANDON,
  })
}
