import type { RestoreOperation } from '../../velero/item-operation.ts'
import type { GroupResource, ItemAddress, ObjectRef } from '../../velero/resource.ts'
import type { ItemAction } from '../../velero/results.ts'

/** A line of the results: in Velero's own part, the cluster's, or a namespace's. */
export interface Message {
  severity: 'warning' | 'error'
  /** `velero`, `cluster`, or `namespace:<name>`. */
  scope: MessageScope
  text: string
}

/** Which part of the results a message belongs to. */
export type MessageScope = 'velero' | 'cluster' | `namespace:${string}`

/** What became of one item, or of one step that belongs to no item: the unit that the tally keeps, once. */
export interface Outcome {
  /** `itemKey` of an item, or the name of a step such as `plan` or `finalize/patch-volumes`. */
  key: string
  /** Absent for what Velero does not record: completed pods, namespaces that stood there. */
  action?: ItemAction
  /** Why the item was not written, for the log of the restore. */
  because?: string
  /** The line of the resource list: kind as in `apps/v1/Deployment`, name as in `shop/web`. */
  listed?: { kind: string; name: string }
  /** The object as it stands in the cluster, where this restore wrote it. */
  object?: ObjectRef & { uid: string }
  messages: readonly Message[]
  /** Asynchronous work that an action began for this item. */
  operation?: RestoreOperation
  /** Volumes of a restored pod that a node agent is to fill. */
  podVolumes?: readonly PodVolume[]
  /** When it was decided; RFC 3339. */
  at: string
}

/** One volume of a pod that a node agent is to fill from a file system backup. */
export interface PodVolume {
  volume: string
  snapshotID: string
  snapshotSize: number
  /** `kopia` or `restic`. */
  uploaderType: string
  /** The claim behind the volume, where there is one. */
  claim?: string
}

/** One text that names an item: resource, namespace in the backup, name. */
export function itemKey(item: ItemAddress): string {
  return `${item.groupResource}|${item.namespace ?? ''}|${item.name}`
}

/** The inverse of {@link itemKey}; undefined for keys of steps. */
export function parseItemKey(key: string): ItemAddress | undefined {
  const [groupResource, namespace, ...name] = key.split('|')
  if (groupResource === undefined || namespace === undefined || name.length === 0) return undefined
  return { groupResource, ...(namespace === '' ? {} : { namespace }), name: name.join('|') }
}

/** The scope of messages about an object: its target namespace, or the cluster. */
export function scopeOf(namespace: string | undefined): MessageScope {
  return namespace === undefined || namespace === '' ? 'cluster' : `namespace:${namespace}`
}

/** A warning. */
export function warning(scope: MessageScope, text: string): Message {
  return { severity: 'warning', scope, text }
}

/** An error. */
export function error(scope: MessageScope, text: string): Message {
  return { severity: 'error', scope, text }
}

/** The kind column of the resource list. */
export function listedKind(apiVersion: string, kind: string): string {
  return `${apiVersion}/${kind}`
}

/** The name column of the resource list. */
export function listedName(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** Whether messages about this resource may quote values that nobody may see (rule 14). */
export function isSecret(groupResource: GroupResource): boolean {
  return groupResource === 'secrets'
}
