import { scaledWorkloads } from '../items/zero-replicas.ts'
import type { IsPlanned } from '../items/zero-replicas.ts'
import type { Plan } from '../plan/plan.ts'

/** Which controllers of pods a plan restores. */
export function plannedWorkloads({ waves }: Pick<Plan, 'waves'>): IsPlanned {
  const places = new Set<string>()
  for (const { groupResource, chunks } of waves) {
    if (!scaledWorkloads.includes(groupResource)) continue
    for (const { items } of chunks)
      for (const { namespace, name, twinOf } of items)
        if (twinOf === undefined) places.add(`${groupResource}|${namespace ?? ''}|${name}`)
  }
  return (groupResource, namespace, name) => places.has(`${groupResource}|${namespace}|${name}`)
}
