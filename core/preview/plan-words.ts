import { verdicts } from './verdict.ts'
import type { Verdict } from './verdict.ts'
import type { PlanFile, PlanLine } from './plan-file.ts'

/** What each verdict means, for whoever reads a plan. */
export const verdictMeans: Record<Verdict, string> = {
  create: 'would be created',
  update: 'stands there and would be changed',
  recreate: 'stands there, would be deleted, and created anew',
  conflict: 'another one stands there and would be left as it is',
  rejected: 'would be refused',
  'not-here': 'its kind or version is not served by this cluster',
  skip: 'stands there already',
  'left-out': 'is not restored',
}

/** The plan in one sentence: how many items of which verdict. */
export function planSentence({ plan, backup, counts, items }: PlanFile): string {
  const parts = verdicts.flatMap((verdict) => {
    const count = counts[verdict] ?? 0
    return count === 0 ? [] : [`${count} ${verdict}`]
  })
  const all = parts.length === 0 ? 'nothing to do' : parts.join(', ')
  return `Plan ${plan.name} of backup ${backup.name}: ${items.length} items: ${all}`
}

/** Whether a reader should look at an item: all but those that are simply created or stand there already. */
export function isNotable({ verdict, dependsOn, unasked }: PlanLine): boolean {
  if (dependsOn !== undefined || unasked !== undefined) return true
  return verdict !== 'create' && verdict !== 'skip' && verdict !== 'left-out'
}

/** What is to be said about an item: the fields that change, what it depends on, why it would not be written. */
export function noteOn({ fields = [], dependsOn, unasked, because, verdict }: PlanLine): string {
  const why = verdict === 'create' || verdict === 'update' || verdict === 'recreate' ? undefined : because
  return [
    ...(fields.length === 0 ? [] : [fields.join(', ')]),
    ...(verdict === 'update' && fields.length === 0 ? ['only who owns its fields'] : []),
    ...(dependsOn === undefined ? [] : [`once there is ${dependsOn}`]),
    ...(unasked === undefined ? [] : [`could not be asked: ${unasked}`]),
    ...(why === undefined ? [] : [why]),
  ].join('; ')
}

/** The items in the order of {@link verdicts}; those of a verdict stay in their order. */
export function byVerdict(items: readonly PlanLine[]): PlanLine[] {
  return verdicts.flatMap((verdict) => items.filter((line) => line.verdict === verdict))
}
