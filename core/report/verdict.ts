import { escapeHtml, nameHtml, visible } from './html.ts'
import type { ActionCounts, ReportedRestore, ReportFacts } from './report-facts.ts'

/** How a sentence marks what somebody else has written, and the phase. */
interface Marks {
  name: (text: string) => string
  phase: (text: string) => string
  text: (text: string) => string
}

const html: Marks = {
  name: nameHtml,
  phase: (text) => `<strong>${escapeHtml(text)}</strong>`,
  text: escapeHtml,
}

const plain: Marks = { name: visible, phase: visible, text: visible }

/** The counts of a sentence: objects by what became of them, where that is known, and messages. */
type SentenceCounts = Partial<ActionCounts> & { warnings: number; errors: number }

/** What happened, in one or two sentences, as HTML. */
export function sentencesOf({ restore, counts }: ReportFacts): string {
  return sentences(restore, counts, html)
}

/** The same as plain text, for notifications and Events. What is not known is left out. */
export function plainSentences(restore: ReportedRestore, counts: SentenceCounts): string {
  return sentences(restore, counts, plain)
}

function sentences(restore: ReportedRestore, counts: SentenceCounts, marks: Marks): string {
  const tookMs = Date.parse(restore.endedAt) - Date.parse(restore.startedAt)
  const took = Number.isFinite(tookMs) ? ` after ${duration(tookMs)}` : ''
  const schedule = restore.schedule === undefined ? '' : ` of schedule ${marks.name(restore.schedule)}`
  const begin =
    `The restore of backup ${marks.name(restore.backup)}${schedule} into the cluster ended as ` +
    `${marks.phase(restore.phase)}${took}`
  const hooks =
    restore.hooks === undefined || restore.hooks.attempted === 0
      ? ''
      : ` Of ${restore.hooks.attempted} hooks ${restore.hooks.failed} failed.`
  const messages =
    counts.errors + counts.warnings === 0
      ? ' There is no error and no warning.'
      : ` It has ${counted(counts.errors, 'error')} and ${counted(counts.warnings, 'warning')}.`
  const reason = restore.reason === undefined ? '' : ` Reason: ${marks.text(restore.reason)}.`
  return `${begin}${objectsPart(counts)}.${messages}${hooks}${reason}`
}

function objectsPart({ created, updated = 0, skipped = 0, failed = 0 }: Partial<ActionCounts>): string {
  if (created === undefined) return ''
  const parts = [
    `${objects(created)} created`,
    ...(updated > 0 ? [`${objects(updated)} updated`] : []),
    ...(skipped > 0 ? [`${objects(skipped)} left as they were`] : []),
    ...(failed > 0 ? [`${objects(failed)} not restored`] : []),
  ]
  return `: ${parts.join(', ')}`
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
