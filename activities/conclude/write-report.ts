import { reportFactsInSteps, reportedRestore } from '../../core/report/report-facts.ts'
import { reportInPieces } from '../../core/report/render-report.ts'
import type { TimelineEntry } from '../../core/report/timeline.ts'
import { operationOutcomes } from '../../core/operations/operations.ts'
import { notableInSteps } from '../../core/results/notable-outcomes.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { restoreReportKey } from '../../velero/object-keys.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { bytesOf, inSlices } from '../frame/in-slices.ts'
import { readTally } from '../frame/read-tally.ts'
import { assertUnderway, runActivity } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import { readOperations } from '../operations/operation-shards.ts'

/** Of which restore, and what the workflow knows of its time. */
export interface ReportInput {
  ref: AdmittedRef
  timeline: readonly TimelineEntry[]
}

/** Where the report is. */
export interface ReportPlace {
  /** The key in the bucket, without the prefix of the location. */
  key: string
  location: string
  /** Where a browser finds it, where `DRYDOCK_REPORT_URL` says that. */
  url?: string
}

/** Writes the report of a restore that is over into its backup location, as one HTML page: from the journal and the Restore. */
export function writeReport({ ports, sessions, settings: { reportUrl } }: WorkerParts) {
  return ({ ref, timeline }: ReportInput): Promise<ReportPlace> =>
    runActivity(
      ports.presence,
      { doing: `writing the report of restore ${ref.name}`, scope: `${ref.uid}/report` },
      async ({ signal }) => {
        const session = await sessions.open(ref)
        const restore = await assertUnderway(ports.cluster, ref, { after: 'end' })
        const plan = await sessions.planOf(session)
        const tally = await readTally(session.journal, { more: plan?.notes ?? [], signal })
        const notable = await inSlices(notableInSteps(tally), signal)
        for (const one of operationOutcomes(await readOperations(session.journal, notable), notable)) tally.add(one)
        const reported = reportedRestore(restore, rfc3339(ports.clock.now()))
        const facts = await inSlices(reportFactsInSteps(tally, reported, timeline), signal)
        const page = await bytesOf(reportInPieces(facts), signal)
        const key = restoreReportKey(ref.name)
        // The bucket does not know of Leases: this is asked when a request goes out.
        const assertMayWrite = () => ports.presence.assertMayWrite()
        await session.store.put(key, page, { contentType: 'text/html; charset=utf-8', assertMayWrite })
        return { key, location: ref.location, ...(reportUrl === '' ? {} : { url: `${reportUrl}/${key}` }) }
      },
    )
}
