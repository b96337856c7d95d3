import type { Outcome } from '../items/outcome.ts'
import { nothingSentence } from './render-log.ts'
import type { LogFrame } from './render-log.ts'
import type { Tally } from './tally.ts'

/** So many are quoted where people see them at once; the log has all. */
const quotedMax = 3
/** The text stands in an Event, which takes 1,024 characters. */
const textMax = 900

/**
 * What people should know of a restore where Velero says nothing, so that the results say nothing either: labels that got
 * lost, a claim that cannot be bound, an update of an object that goes away, included namespaces of which the backup has
 * nothing. One text with the first few; undefined where there is nothing to say.
 */
export function remarksOf(tally: Tally, frame: Pick<LogFrame, 'spec' | 'isEmpty' | 'remarks'>): string | undefined {
  const remarks = [...nothingSentence(frame), ...(frame.remarks ?? []), ...[...tally.values()].flatMap(remarkIn).sort()]
  if (remarks.length === 0) return undefined
  const more = remarks.length > quotedMax ? [`and ${remarks.length - quotedMax} more in the log`] : []
  return [...remarks.slice(0, quotedMax), ...more].join('; ').slice(0, textMax)
}

/** The reason of an object that was written is a remark; that of others says why they were not. */
function remarkIn({ action, because, listed }: Outcome): string[] {
  if (because === undefined || (action !== 'created' && action !== 'updated')) return []
  return [`${listed?.kind ?? ''} ${listed?.name ?? ''}: ${because}`]
}
