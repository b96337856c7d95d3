import { parseItemKey } from '../items/outcome.ts'
import type { Tally } from '../results/tally.ts'
import { cameTo } from './verdict.ts'
import type { PlanFile } from './plan-file.ts'

/**
 * Where a restore came out otherwise than its plan said: one sentence for each item, by key; none where all came as planned.
 * Items that only one of the two has are told too.
 */
export function differencesFromPlan(tally: Tally, { items }: Pick<PlanFile, 'items'>): string[] {
  const planned = new Map(items.map((line) => [line.key, line]))
  const different = items.flatMap((line) => {
    const outcome = tally.get(line.key)
    const name = `${line.kind} ${line.name}`
    if (outcome === undefined) return [`${name}: planned as ${line.as}, and not restored`]
    const came = cameTo(outcome)
    if (came === line.as) return []
    const why = outcome.messages.at(-1)?.text ?? outcome.because
    return [`${name}: planned as ${line.as}, came out as ${came}${why === undefined ? '' : ` (${why})`}`]
  })
  const added = [...tally.values()].flatMap((outcome) => {
    if (planned.has(outcome.key) || parseItemKey(outcome.key) === undefined) return []
    return [`${outcome.listed?.kind ?? ''} ${outcome.listed?.name ?? outcome.key}: not in the plan, ${cameTo(outcome)}`]
  })
  return [...different, ...added]
}

/** One sentence that says how far a restore came out as planned. */
export function comparedSentence(plan: string, items: number, differences: number): string {
  if (differences === 0) return `All ${items} items came out as plan ${plan} said`
  return `${differences} of ${items} items came out otherwise than plan ${plan} said`
}

/** The name and the uid of the plan that an annotation names; undefined without one. */
export function parseFromPlan(value: string | undefined): { name: string; uid: string } | undefined {
  const [, name, uid] = /^([^/\s]+)\/([^/\s]+)$/.exec(value ?? '') ?? []
  return name === undefined || uid === undefined ? undefined : { name, uid }
}
