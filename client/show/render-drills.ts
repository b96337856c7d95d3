import type { DrillSummary } from '../api/drill/drills.ts'
import type { DrillRecords } from '../api/drill/read-records.ts'
import { formatSeconds } from './progress.ts'
import { renderTable } from './render-table.ts'

/** A table of drills; `width` is that of the terminal. */
export function drillTable(drills: readonly DrillSummary[], width?: number): string {
  const rows = drills.map(({ name, cron, paused, lastRunAt, nextRunAt, request }) => [
    name,
    cron,
    sourceOf(request.from),
    request.prefix,
    paused ? 'yes' : 'no',
    secondOf(lastRunAt),
    secondOf(nextRunAt),
  ])
  return renderTable(['NAME', 'SCHEDULE', 'FROM', 'INTO', 'PAUSED', 'LAST RUN', 'NEXT RUN'], rows, width)
}

/** All that is known of a drill, with its last results. */
export function renderDrill(
  { name, cron, timeZone, paused, note, createdAt, nextRunAt, request }: DrillSummary,
  { records, problems }: DrillRecords,
  running: readonly string[],
): string {
  const lines: [string, string][] = [
    ['Name', name],
    ['From', sourceOf(request.from)],
    ['Into', `namespaces ${request.prefix}<name>`],
    ['Schedule', `${cron} (${timeZone})`],
    ['Workloads', request.replicas === 'zero' ? 'with zero replicas' : 'as in the backup'],
    ['Keeps', `${request.keep} reports`],
    ['Deadline', formatSeconds(request.deadlineSeconds)],
    ['Created', secondOf(createdAt)],
    ['Next run', paused ? `none: paused${note === undefined ? '' : ` (${note})`}` : secondOf(nextRunAt)],
    ...running.map((id): [string, string] => ['Running', id]),
  ]
  const rows = records.map(({ at, ok, backup = '', seconds, items = '', warnings = '', errors = '', sentence }) => [
    secondOf(at),
    ok ? 'ok' : 'FAILED',
    backup,
    seconds === undefined ? '' : `${seconds} s`,
    String(items),
    String(warnings),
    String(errors),
    ok ? '' : sentence,
  ])
  const table =
    rows.length === 0
      ? 'No run is on record.'
      : renderTable(['RUN', 'RESULT', 'BACKUP', 'TOOK', 'ITEMS', 'WARNINGS', 'ERRORS', 'WHY'], rows)
  return [
    ...lines.map(([title, text]) => `${`${title}:`.padEnd(12)}${text}`),
    '',
    table,
    ...problems.map((problem) => `not read: ${problem}`),
  ].join('\n')
}

function sourceOf(from: DrillSummary['request']['from']): string {
  return 'schedule' in from ? `schedule ${from.schedule}` : `backup ${from.backup}`
}

/** A time to the second. */
function secondOf(time: string | undefined): string {
  return time === undefined ? '' : `${time.slice(0, 19)}Z`
}
