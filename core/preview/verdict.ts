import { planAnnotation } from '../../velero/labels.ts'
import { isPlanAsked } from './is-plan-asked.ts'
import { parseItemKey } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'

/**
 * What a restore would do with an item.
 * - `create`, `update`: it would be written.
 * - `recreate`: another object stands there; it would be deleted, and the item created in its place.
 * - `skip`: the same object stands there already, or the namespace does.
 * - `conflict`: another object stands there, and the policy leaves it.
 * - `rejected`: the server refuses it, or it cannot be prepared.
 * - `not-here`: the cluster serves neither its kind nor its version, and the restore does not bring it.
 * - `left-out`: Velero restores no such item, such as a pod that has completed.
 */
export type Verdict = (typeof verdicts)[number]

/** All verdicts, in the order in which they are shown. */
export const verdicts = [
  'create',
  'update',
  'recreate',
  'conflict',
  'rejected',
  'not-here',
  'skip',
  'left-out',
] as const

/** The verdict about an item of a preview, from the outcome that its dry run came to. */
export function verdictOf({ key, action, messages, finding = {} }: Outcome): Verdict {
  const hasError = messages.some(({ severity }) => severity === 'error')
  if (finding.kindMissing === true && action !== 'created') return 'not-here'
  if (action === 'created') return finding.recreates === true ? 'recreate' : 'create'
  if (action === 'updated') return 'update'
  if (hasError || finding.refused === true) return 'rejected'
  const leavesOther = finding.stands === true && messages.length > 0
  if (leavesOther) return 'conflict'
  if (action === 'failed') return 'rejected'
  if (action === 'skipped') return 'skip'
  return parseItemKey(key)?.groupResource === 'namespaces' ? 'skip' : 'left-out'
}

/** What an item came to, in the words of a plan and of a restore alike. */
export type CameTo = 'created' | 'updated' | 'skipped' | 'failed' | 'left'

/** What an item came to: its action, or what follows from its messages where it is not in the resource list. */
export function cameTo({ action, messages }: Pick<Outcome, 'action' | 'messages'>): CameTo {
  return action ?? (messages.some(({ severity }) => severity === 'error') ? 'failed' : 'left')
}

/** Whether an admitted Restore asks for a plan instead of a restore. What Velero has begun to restore is no plan. */
export function isPreview(admission: Previewed): boolean {
  if (admission.inherited === true) return false
  return isPlanAsked(admission.restore.annotations?.[planAnnotation])
}

interface Previewed {
  restore: { annotations?: Readonly<Record<string, string>> }
  inherited?: true
}

/** What the log says of an item of a plan. */
export function plannedWords(outcome: Outcome): string {
  const { kind = '', name = '' } = outcome.listed ?? {}
  return `Planned: ${verdictOf(outcome)} ${kind} ${name}`.trimEnd()
}
