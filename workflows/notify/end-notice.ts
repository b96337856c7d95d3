import { CancellationScope, log, ParentClosePolicy, startChild } from '@temporalio/workflow'
import type { AdmitReport } from '../../activities/admit/claim-restore.ts'
import { notifyWorkflowIdOf, notifyWorkflowType } from '../../contract/notify.ts'
import type { NotifyInput, NotifyOrder } from '../../contract/notify.ts'
import { bareRefOf } from '../../contract/restore-workflow.ts'
import type { RestoreInput } from '../../contract/restore-workflow.ts'
import { isNotified } from '../../core/notify/judge-answer.ts'
import type { EndDetails } from '../../core/report/failure-causes.ts'
import type { RunView } from '../run-view.ts'
import { reasonOf } from '../activity-calls.ts'
import type { DrillNotice } from '../../activities/drill/record-drill.ts'
import type { DrillRun } from '../../activities/drill/drill-input.ts'
import type { DrillRecord } from '../../contract/drill.ts'
import { endedDrill } from '../../core/notify/ended-drill.ts'

/**
 * The notification of the end of a run. Whether there is one says the worker that admits the Restore, so that nothing of it stands
 * in the history of a restore where no receiver is set.
 */
export class EndNotice {
  readonly #input: RestoreInput
  readonly #view: RunView
  #order: NotifyOrder | undefined
  #run: { run?: number } = {}

  constructor(input: RestoreInput, view: RunView) {
    this.#input = input
    this.#view = view
  }

  /** Takes what the admission says of it. A preview tells nobody. */
  begin(admission: AdmitReport): void {
    if (admission.do === 'restore' && admission.preview === true) return
    this.#order = admission.notify
    if (admission.do === 'restore' && admission.run !== undefined) this.#run = { run: admission.run }
  }

  /** Has the notification sent. The second time it does nothing. */
  async send(details?: EndDetails): Promise<void> {
    const { phase, isDeleted, place } = this.#view
    const order = this.#order
    if (order === undefined || isDeleted || !isNotified(order.on, phase)) return
    this.#order = undefined
    const input: NotifyInput = {
      ref: bareRefOf(this.#input),
      ...this.#run,
      seconds: order.seconds,
      ...(details === undefined ? {} : { details }),
      ...(place?.url === undefined ? {} : { reportUrl: place.url }),
    }
    const why = await startNotice(input, `restore ${input.ref.name}: ${phase}`)
    if (why !== undefined) this.#view.trouble(`the notification of the end was not begun: ${why}`)
  }
}

/**
 * Hands a notification to a workflow of its own, which goes on when this one is over. `of` says for people what it is about, such as
 * `restore again: Completed`. Returns why it was not begun: a run that was reset may have begun it already.
 */
export async function startNotice(input: NotifyInput, of: string): Promise<string | undefined> {
  try {
    await CancellationScope.nonCancellable(() =>
      startChild(notifyWorkflowType, {
        workflowId: notifyWorkflowIdOf(input),
        args: [input],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        staticSummary: `notify of the end of ${of}`,
      }),
    )
    return undefined
  } catch (thrown) {
    return reasonOf(thrown)
  }
}

/** Has the end of a drill notified, where a receiver is set and wants to know. */
export async function notifyOfDrill(
  { request: { namespace, cluster } }: DrillRun,
  record: DrillRecord,
  notice: DrillNotice | undefined,
): Promise<void> {
  const ended = endedDrill(namespace, record)
  if (notice === undefined || !isNotified(notice.on, ended.phase)) return
  const input: NotifyInput = {
    // The Restore is deleted by now.
    ref: { namespace, name: record.restore, uid: '', cluster },
    seconds: notice.seconds,
    subject: notice.subject,
    ended,
    sentence: `drill ${record.drill}: ${record.sentence}`,
    drill: record.drill,
  }
  const why = await startNotice(input, `drill ${record.drill}: ${ended.phase}`)
  // The drill has ended as it has.
  if (why !== undefined) log.warn('the notification of a drill was not begun', { drill: record.drill, why })
}
