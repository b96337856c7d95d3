/** What of a set-up is looked at. */
export type Subject = 'Temporal' | 'Kubernetes' | 'Velero' | 'bucket' | 'workers'

/** One thing that was looked at, and what it came to. */
export interface Check {
  subject: Subject
  /** `ok`; `note`: nothing to mend, but worth knowing, or not known from here; `finding`: something to mend. */
  verdict: 'ok' | 'note' | 'finding'
  /** What was seen, as one sentence without a full stop. */
  says: string
  /** What to do about a finding, as one sentence without a full stop. */
  todo?: string
}

/** All is well with it. */
export const ok = (subject: Subject, says: string): Check => ({ subject, verdict: 'ok', says })
/** Nothing to mend, but worth knowing. */
export const note = (subject: Subject, says: string): Check => ({ subject, verdict: 'note', says })
/** Something to mend, and how. */
export const finding = (subject: Subject, says: string, todo: string): Check => ({
  subject,
  verdict: 'finding',
  says,
  todo,
})
