import { isCancellation, patched } from '@temporalio/workflow'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { lastReport, reasonOf } from '../activity-calls.ts'
import type { RunView } from '../run-view.ts'

/**
 * Writes the report of a restore that is over into its backup location. People can do without it, and `drydock report` makes one
 * from the result files then: the workflow waits for it half a minute at most.
 */
export async function writeReport(ref: AdmittedRef | undefined, view: RunView): Promise<void> {
  if (ref === undefined || view.isDeleted || !patched('report')) return
  try {
    const input = { ref, timeline: view.happenings.entries() }
    view.reported(await lastReport.writeReport.executeWithOptions({ summary: 'write the report' }, [input]))
  } catch (thrown) {
    if (!isCancellation(thrown)) view.trouble(`there is no report: ${reasonOf(thrown)}`)
  }
}
