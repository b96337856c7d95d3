import type { ResourceRef, ObjectRef } from '../../velero/resource.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'

/** The object that a prepared item becomes: an action may have renamed it. */
export function objectRef(input: {
  prepared: { resource: ResourceRef; object: Manifest }
  item: PlannedItem
}): ObjectRef {
  const namespace = input.item.target === undefined ? {} : { namespace: input.item.target }
  return { ...input.prepared.resource, ...namespace, name: input.prepared.object.metadata.name }
}
