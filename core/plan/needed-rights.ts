import type { GroupResource } from '../../velero/resource.ts'
import { formatResourceId, parseGroupResource } from '../../velero/resource.ts'
import type { Plan } from './plan.ts'
import type { Access } from '../asked/acting-user.ts'

/** A right that a restore needs, and for which items. */
export interface NeededRight extends Access {
  items: number
  /** The first of them, as it is called in messages. */
  first: string
}

/** Which namespaces are there already: to create one in the midst of a restore is a right of its own. */
type IsThere = (namespace: string) => boolean

/**
 * What whoever restores a plan has to be allowed, by resource and target namespace. An item is created, and then patched for the owners
 * of its fields; what `recreate` replaces is deleted.
 */
export function neededRights({ waves, existing = [] }: Plan, isThere: IsThere): NeededRight[] {
  const rights = new Map<string, NeededRight>()
  const verbs = ['create', 'patch', ...(existing.some(({ policy }) => policy === 'recreate') ? ['delete'] : [])]
  for (const { groupResource, chunks } of waves)
    for (const item of chunks.flatMap((chunk) => chunk.items)) {
      if (item.twinOf !== undefined) continue
      const isNamespace = groupResource === namespaces
      if (isNamespace && isThere(item.target ?? item.name)) continue
      const namespace = isNamespace ? undefined : item.target
      for (const verb of isNamespace ? ['create'] : verbs) {
        const key = [verb, groupResource, namespace ?? ''].join(' ')
        const known = rights.get(key)
        if (known === undefined)
          rights.set(key, { ...rightTo(verb, groupResource, namespace), items: 1, first: nameOf() })
        else known.items++
      }
      function nameOf(): string {
        return formatResourceId(groupResource, namespace, isNamespace ? (item.target ?? item.name) : item.name)
      }
    }
  return [...rights.values()]
}

const namespaces = 'namespaces'

function rightTo(verb: string, groupResource: GroupResource, namespace: string | undefined) {
  const { group, resource } = parseGroupResource(groupResource)
  return { verb, group, resource, ...(namespace === undefined ? {} : { namespace }) }
}

/** Rights that are named; the others are counted. */
const toldMax = 20

/** Rights that are missing, each with the items that need it. */
export function rightsInWords(denied: readonly NeededRight[]): string {
  const lines = denied.slice(0, toldMax).map(({ verb, group, resource, namespace, items, first }) => {
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`
    const what = group === '' ? resource : `${resource}.${group}`
    return `${verb} ${what}${where} (${items === 1 ? first : `${items} items, the first is ${first}`})`
  })
  const more = denied.length > toldMax ? [`and ${denied.length - toldMax} more`] : []
  return [...lines, ...more].join('; ')
}
