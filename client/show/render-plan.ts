import type { PlanFile } from '../../core/preview/plan-file.ts'
import { byVerdict, isNotable, noteOn, planSentence } from '../../core/preview/plan-words.ts'
import { renderTable } from './render-table.ts'

/** A plan for a terminal: one sentence, notes, and the items that a reader should look at, or all of them. */
export function renderPlan(file: PlanFile, { all = false }: { all?: boolean | undefined } = {}): string {
  const lines = byVerdict(all ? file.items : file.items.filter(isNotable))
  const rows = lines.map((line) => [line.verdict, line.kind, line.name, noteOn(line)])
  const hidden = file.items.length - lines.length
  const more = hidden > 0 ? [`${hidden} more would simply be created or stand there already; --all shows them`] : []
  return [
    planSentence(file),
    ...file.notes,
    ...(rows.length === 0 ? [] : ['', renderTable(['VERDICT', 'KIND', 'NAME', 'NOTE'], rows)]),
    ...(more.length === 0 ? [] : ['', ...more]),
  ].join('\n')
}
