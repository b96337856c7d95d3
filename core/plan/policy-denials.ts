import type { GroupResource } from '../../velero/resource.ts'
import { parseGroupResource } from '../../velero/resource.ts'
import type { Permits, PolicyObject } from '../asked/restore-policy.ts'
import { isNotWritten, makesWay, nameOf } from './needed-rights.ts'
import type { RightsGiven } from './needed-rights.ts'
import type { Plan, PlannedItem } from './plan.ts'

/** What the policy of the worker does not let a restore write, and for which items. */
export interface Denial extends PolicyObject {
  items: number
  /** The first of them, as it is called in messages. */
  first: string
}

/** All of a plan that the policy does not permit, by resource, namespace of the backup and target namespace. */
export function policyDenials(plan: Plan, given: RightsGiven, permits: Permits): Denial[] {
  const denials = new Map<string, Denial>()
  for (const { groupResource, chunks } of plan.waves)
    for (const item of chunks.flatMap((chunk) => chunk.items))
      for (const object of objectsOf(groupResource, item, { plan, given })) {
        if (permits(object)) continue
        const key = [object.group, object.resource, object.namespace ?? '', object.from ?? ''].join(' ')
        const known = denials.get(key)
        if (known === undefined) denials.set(key, { ...object, items: 1, first: nameOf(groupResource, item) })
        else known.items++
      }
  return [...denials.values()]
}

function objectsOf(
  groupResource: GroupResource,
  item: PlannedItem,
  { plan, given }: { plan: Plan; given: RightsGiven },
): PolicyObject[] {
  if (isNotWritten(groupResource, item, { plan, given })) return []
  const { group, resource } = parseGroupResource(groupResource)
  // Where a namespace is made for the items in it, those say from where they come.
  if (groupResource === 'namespaces') return [{ group, resource, namespace: item.target ?? item.name }]
  const volume = { group: '', resource: 'persistentvolumes' }
  return [
    { group, resource, namespace: item.target, from: item.namespace },
    ...(makesWay(groupResource, item, given) ? [volume] : []),
  ]
}

/** Denials that are named; the others are counted. */
const toldMax = 20

/** Denials as one clause, such as `secrets from namespace pay into namespace shop (2 items, the first is …)`. */
export function denialsInWords(denials: readonly Denial[]): string {
  const clauses = denials.slice(0, toldMax).map(({ group, resource, namespace, from, items, first }) => {
    const source = from === undefined || from === namespace ? '' : ` from namespace ${from}`
    const where = namespace === undefined || resource === 'namespaces' ? '' : `${source} into namespace ${namespace}`
    const what = `${resource}${group === '' ? '' : `.${group}`}`
    return `${what}${where} (${items === 1 ? first : `${items} items, the first is ${first}`})`
  })
  const more = denials.length > toldMax ? [`and ${denials.length - toldMax} more`] : []
  return [...clauses, ...more].join('; ')
}
