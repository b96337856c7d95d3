import { plainSentences } from '../report/verdict.ts'
import type { EndDetails } from '../report/failure-causes.ts'
import { phaseEvent } from '../results/restore-status.ts'
import type { Restore } from '../../velero/restore.ts'
import { isTerminal } from '../../velero/phases.ts'
import { causeLine, endedRestore } from './notice-facts.ts'

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
