import type { ReportPlace } from '../../activities/conclude/write-report.ts'
import { adviceOn } from '../../core/report/advice.ts'
import type { FailureCause } from '../../core/report/failure-causes.ts'
import { visible } from '../../core/report/html.ts'
import type { PlanSummary } from '../../core/plan/plan.ts'
import type { ChunkCounts } from '../../core/results/chunk-counts.ts'
import type { RestoreInput, RestoreProgress } from '../../contract/restore-workflow.ts'

/** Rows of the table of waves; details are limited to 20,000 bytes. */
const wavesMax = 60

/** The current details in the Web UI, as Markdown: where the restore stands, in words, and a table of its waves. */
export function describeRun(
  input: RestoreInput,
  progress: RestoreProgress,
  plan: PlanSummary | undefined,
  counts: ChunkCounts,
): string {
  return [`**${input.namespace}/${input.name}**: ${sentence(progress)}`, ...table(progress, plan, counts)].join('\n\n')
}

/** The causes of errors so far, as a table in Markdown; nothing where there are none. */
export function causesTable(causes: readonly FailureCause[]): string[] {
  if (causes.length === 0) return []
  const rows = causes.map(({ cause, count }) => `| ${count} | ${asText(cause)} | ${adviceOn(cause)} |`)
  return [['| errors | cause | what to do |', '|---:|---|---|', ...rows].join('\n')]
}

/** A text of somebody else in a cell: no character of it means anything to Markdown. */
function asText(text: string): string {
  return visible(text).replace(/[\\`*_{}[\]()#+!|<>~&]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** Where the report is, as Markdown; nothing where there is none. */
export function reportLines({ namespace, name }: RestoreInput, place: ReportPlace | undefined): string[] {
  if (place === undefined) return []
  const here = place.url === undefined ? '' : `[Report](${place.url}): `
  return [
    `${here}\`drydock report ${name} -n ${namespace}\` shows it; it is \`${place.key}\` in backup location \`${place.location}\`.`,
  ]
}

function sentence(progress: RestoreProgress): string {
  const items = progress.itemsTotal === 0 ? '' : `, ${progress.itemsDone} of ${progress.itemsTotal} items`
  const trouble =
    progress.errors + progress.warnings === 0 ? '' : `, ${progress.errors} errors, ${progress.warnings} warnings`
  const waiting = progress.waitingFor === undefined ? '' : `\n\nWaiting for ${progress.waitingFor}.`
  return `${progress.phase}${wave(progress)}${items}${trouble}.${waiting}`
}

/** Where it is, in the first line: the Web UI shows few rows of the table at once. */
function wave({ phase, wave: number, waves, groupResource }: RestoreProgress): string {
  return phase === 'InProgress' && number > 0 ? `, wave ${number} of ${waves} (${groupResource ?? ''})` : ''
}

function table(progress: RestoreProgress, plan: PlanSummary | undefined, counts: ChunkCounts): string[] {
  if (plan === undefined || plan.waves.length === 0) return []
  const rows = plan.waves.slice(0, wavesMax).map((wave, index) => {
    const sum = counts.ofWave(index)
    const mark = index + 1 === progress.wave && progress.phase === 'InProgress' ? '▶ ' : ''
    return `| ${mark}${index + 1} | ${wave.groupResource} | ${sum.items} / ${wave.items} | ${sum.created} | ${sum.updated} | ${sum.skipped} | ${sum.failed} |`
  })
  const more = plan.waves.length > wavesMax ? [`… and ${plan.waves.length - wavesMax} more waves`] : []
  const head = [
    '| wave | resource | items | created | updated | skipped | failed |',
    '|---|---|---:|---:|---:|---:|---:|',
  ]
  return [[...head, ...rows].join('\n'), ...more]
}

/** The word of the search attribute for how a restore ended, or `running`. */
export function outcomeWord(phase: string, cancelReason: string | undefined): string {
  if (cancelReason !== undefined) return 'cancelled'
  return phase === 'Completed'
    ? 'ok'
    : phase.includes('PartiallyFailed')
      ? 'partial'
      : phase === 'Failed' || phase === 'FailedValidation'
        ? 'failed'
        : 'running'
}
