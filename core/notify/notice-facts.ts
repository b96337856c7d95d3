import type { EndDetails, FailureCause } from '../report/failure-causes.ts'
import type { ReportedRestore } from '../report/report-facts.ts'
import { reportedRestore } from '../report/report-facts.ts'
import { plainSentences } from '../report/verdict.ts'
import type { Restore } from '../../velero/restore.ts'
import { phaseEvent } from '../results/restore-status.ts'
import { isTerminal } from '../../velero/phases.ts'

/** What a notification may tell, by the names of its placeholders. What is not known is null. */
export interface NoticeFacts {
  namespace: string
  name: string
  /** The terminal phase. */
  phase: string
  backup: string
  warnings: number
  errors: number
  itemsRestored: number
  totalItems: number
  /** RFC 3339. */
  started: string | null
  completed: string | null
  durationSeconds: number | null
  /** What happened, as the report says it. */
  sentence: string
  /** The most frequent causes of errors, such as `12 × error restoring …: exceeded quota`. */
  causes: readonly string[]
  /** Where a browser finds the report. */
  reportUrl: string | null
  /** The uid of namespace kube-system of the cluster. */
  cluster: string
  /** The name of the drill whose restore it was. */
  drill: string | null
}

/** The names of all placeholders. */
export const noticeNames = [
  'namespace',
  'name',
  'phase',
  'backup',
  'warnings',
  'errors',
  'itemsRestored',
  'totalItems',
  'started',
  'completed',
  'durationSeconds',
  'sentence',
  'causes',
  'reportUrl',
  'cluster',
  'drill',
] as const satisfies readonly (keyof NoticeFacts)[]

/** How a restore ended, as far as its resource says it. */
export interface EndedRestore extends ReportedRestore {
  warnings: number
  errors: number
  itemsRestored: number
  totalItems: number
}

/** What a notification tells beside how the restore ended. */
export interface NoticeAbout {
  cluster: string
  details?: EndDetails | undefined
  reportUrl?: string | undefined
  drill?: string | undefined
  /** What happened, in place of the sentence about a restore. */
  sentence?: string | undefined
}

/** How a restore ended, from its resource. What did not pass the validation failed for that. */
export function endedRestore(restore: Restore): EndedRestore {
  const { status = {} } = restore
  const reason = (status.validationErrors ?? []).join('; ')
  return {
    ...(reason === '' ? {} : { reason }),
    ...reportedRestore(restore, ''),
    warnings: status.warnings ?? 0,
    errors: status.errors ?? 0,
    itemsRestored: status.progress?.itemsRestored ?? 0,
    totalItems: status.progress?.totalItems ?? 0,
  }
}

/** What the placeholders of a notification stand for. */
export function noticeFacts(
  ended: EndedRestore,
  { cluster, details, reportUrl, drill, sentence }: NoticeAbout,
): NoticeFacts {
  const { namespace, name, phase, backup, warnings, errors, itemsRestored, totalItems, startedAt, endedAt } = ended
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000
  return {
    namespace,
    name,
    phase,
    backup,
    warnings,
    errors,
    itemsRestored,
    totalItems,
    started: startedAt || null,
    completed: endedAt || null,
    durationSeconds: Number.isFinite(seconds) ? Math.max(0, seconds) : null,
    sentence: sentence ?? plainSentences(ended, { warnings, errors, ...details?.counts }),
    causes: (details?.causes ?? []).map(causeLine),
    reportUrl: reportUrl ?? null,
    cluster,
    drill: drill ?? null,
  }
}

/** A cause with how often it was met. */
export function causeLine({ cause, count }: FailureCause): string {
  return `${count} × ${cause}`
}

/**
 * The Event for the phase of a Restore. At the end it says what the report says first, and the most frequent cause of errors, where
 * they are known. The same Restore and details make the same Event, so that it is recorded once.
 */
export function eventOf(restore: Restore, details: EndDetails | undefined): ReturnType<typeof phaseEvent> {
  const event = phaseEvent(restore.status)
  if (event === undefined || details === undefined || !isTerminal(restore.status?.phase)) return event
  const { warnings, errors, ...ended } = endedRestore(restore)
  const [first] = details.causes
  const cause = first === undefined ? '' : ` Most frequent error: ${causeLine(first)}`
  return { ...event, note: `${plainSentences(ended, { ...details.counts, warnings, errors })}${cause}` }
}
