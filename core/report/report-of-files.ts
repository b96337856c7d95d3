import type { Outcome } from '../items/outcome.ts'
import { error, warning } from '../items/outcome.ts'
import { finish } from '../values/slices.ts'
import { messagesOf } from '../../velero/results.ts'
import type { ItemAction, ResourceList, Results } from '../../velero/results.ts'
import { reportFactsInSteps } from './report-facts.ts'
import type { ReportedRestore, ReportFacts } from './report-facts.ts'

const actions: readonly ItemAction[] = ['created', 'updated', 'skipped', 'failed']

/**
 * What a report says of a restore of which only the result files are there: one of Velero's, or one whose worker could not write
 * the report. It has no timeline, and messages are not with their items.
 */
export function reportFactsOfFiles(restore: ReportedRestore, list: ResourceList, results: Results): ReportFacts {
  const outcomes = new Map<string, Outcome>()
  for (const [kind, names] of Object.entries(list)) {
    for (const entry of names) {
      const [, name = entry, word = ''] = /^(.*)\(([a-z]+)\)$/s.exec(entry) ?? []
      const action = actions.find((known) => known === word)
      const key = `${kind}|${name}|`
      outcomes.set(key, { key, ...(action && { action }), listed: { kind, name }, messages: [], at: restore.startedAt })
    }
  }
  const messages = [
    ...messagesOf(results.errors).map((text) => error('velero', text)),
    ...messagesOf(results.warnings).map((text) => warning('velero', text)),
  ]
  outcomes.set('messages', { key: 'messages', messages, at: restore.endedAt })
  return finish(reportFactsInSteps(outcomes, restore, []))
}
