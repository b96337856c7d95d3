import type { GroupResource } from '../../velero/resource.ts'
import { itemKey } from '../items/outcome.ts'
import type { PlannedItem } from './plan.ts'

/** The key of a planned item's outcome. A namespace that is mapped has both names in it: several may go into one. */
export function plannedKey(groupResource: GroupResource, item: PlannedItem): string {
  const { namespace, target } = item
  const mapped = groupResource === 'namespaces' && target !== undefined && target !== item.name
  const name = mapped ? `${item.name}>${target}` : item.name
  return itemKey({ groupResource, ...(namespace === undefined ? {} : { namespace }), name })
}
