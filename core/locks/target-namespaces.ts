import type { Plan } from '../plan/plan.ts'

/** Characters of names that one request may hold; one that has more takes `*`. */
const charactersMax = 2000

/** The namespaces that a plan writes into, sorted; `*` alone for a great many. */
export function targetNamespaces({ waves }: Pick<Plan, 'waves'>): string[] {
  const names = new Set<string>()
  for (const { chunks } of waves)
    for (const { items } of chunks)
      for (const { target, namespace } of items) {
        const name = target ?? namespace
        if (name !== undefined) names.add(name)
      }
  return [...names].join(' ').length > charactersMax ? ['*'] : [...names].toSorted()
}
