import type { AdmitReport } from '../../activities/admit/claim-restore.ts'
import type { NotifyInput, NotifyOrder } from '../../contract/notify.ts'
import { bareRefOf } from '../../contract/restore-workflow.ts'
import type { RestoreInput } from '../../contract/restore-workflow.ts'
import { isNotified } from '../../core/notify/judge-answer.ts'
import type { EndDetails } from '../../core/report/failure-causes.ts'
import type { RunView } from '../run-view.ts'
import { startNotice } from './start-notice.ts'

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
