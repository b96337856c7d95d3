import type { AdmittedRef } from '../activities/frame/session.ts'
import type { OperationCounts } from '../core/operations/count-operations.ts'
import { lastOrders } from './activity-options.ts'
import { reasonOf } from './failure-reason.ts'
import type { RunView } from './run-view.ts'

/** Tells node agents to stop; where that does not work, what they do comes to its own end. */
export async function callOff(ref: AdmittedRef, view: RunView): Promise<OperationCounts | undefined> {
  try {
    return await lastOrders.cancelOperations.executeWithOptions({ summary: 'call off node agents' }, [
      { ref, because: 'called off: the restore has ended' },
    ])
  } catch (thrown) {
    view.trouble(`node agents are not called off: ${reasonOf(thrown)}`)
    return undefined
  }
}
