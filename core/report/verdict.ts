import { escapeHtml, nameHtml } from './html.ts'
import type { ReportFacts } from './report-facts.ts'

/** What happened, in one or two sentences, as HTML. */
export function sentencesOf({ restore, counts }: ReportFacts): string {
  const took = duration(Date.parse(restore.endedAt) - Date.parse(restore.startedAt))
  const schedule = restore.schedule === undefined ? '' : ` of schedule ${nameHtml(restore.schedule)}`
  const begin =
    `The restore of backup ${nameHtml(restore.backup)}${schedule} into the cluster ended as ` +
    `<strong>${escapeHtml(restore.phase)}</strong> after ${took}: `
  const parts = [
    `${objects(counts.created)} created`,
    ...(counts.updated > 0 ? [`${objects(counts.updated)} updated`] : []),
    ...(counts.skipped > 0 ? [`${objects(counts.skipped)} left as they were`] : []),
    ...(counts.failed > 0 ? [`${objects(counts.failed)} not restored`] : []),
  ]
  const hooks =
    restore.hooks === undefined || restore.hooks.attempted === 0
      ? ''
      : ` Of ${restore.hooks.attempted} hooks ${restore.hooks.failed} failed.`
  const messages =
    counts.errors + counts.warnings === 0
      ? ' There is no error and no warning.'
      : ` It has ${counted(counts.errors, 'error')} and ${counted(counts.warnings, 'warning')}.`
  const reason = restore.reason === undefined ? '' : ` Reason: ${escapeHtml(restore.reason)}.`
  return `${begin}${parts.join(', ')}.${messages}${hooks}${reason}`
}

function objects(count: number): string {
  return counted(count, 'object')
}

function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`
}

/** A time as people say it: `850 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return 'an unknown time'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
