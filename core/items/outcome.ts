import type { RestoreOperation } from '../../velero/item-operation.ts'
import type { OwnerReference } from '../../velero/manifest.ts'
import type { GroupResource, ItemAddress, ObjectRef } from '../../velero/resource.ts'
import type { ItemAction } from '../../velero/results.ts'

/** One warning or error in the results of a restore. */
export interface Message {
  severity: 'warning' | 'error'
  /** `velero`, `cluster`, or `namespace:<name>`. */
  scope: MessageScope
  text: string
}

/** The part of the results to which a message belongs. */
export type MessageScope = 'velero' | 'cluster' | `namespace:${string}`

/** What became of one item, or of a step that belongs to no item. The tally has one outcome per key (decision 8). */
export interface Outcome {
  /** `itemKey` of an item, or the name of a step such as `plan` or `finalize/patch-volumes`. */
  key: string
  /** Absent for items that Velero does not list: completed pods and jobs, existing namespaces. */
  action?: ItemAction
  /** Why the item was not written, for the log of the restore. */
  because?: string
  /** How the resource list names the item: the kind as in `apps/v1/Deployment`, the name as in `shop/web`. */
  listed?: { kind: string; name: string }
  /** The object in the cluster, if this restore wrote it. */
  object?: ObjectRef & { uid: string }
  /** Its resourceVersion after the last write of this restore. */
  version?: string
  /** Of an object that stood there before: `contentsOf` it after the change. Absent where others wrote at the same time. */
  contents?: string
  /** The uid of a namespace that this restore created; `listed` names it. */
  namespaceUid?: string
  messages: readonly Message[]
  /** The asynchronous operation that an action began for this item. */
  operation?: RestoreOperation
  /** Those that actions of plugins began for it. */
  pluginOperations?: readonly RestoreOperation[]
  /** The volumes of a restored pod that a node agent must fill. */
  podVolumes?: readonly PodVolume[]
  /** The volume that was made from a native snapshot for this PersistentVolume. */
  native?: NativeVolume
  /** A workload that was created with zero replicas. */
  atZero?: AtZero
  /** The owners that it had in the backup, where it is to be linked to them again. */
  owners?: readonly BackedUpOwner[]
  /** The item is to be tried again; what stands here is told if nothing better comes. */
  parked?: Parked
  /** The restore was cancelled before the steps that follow its create: a retry does them. */
  cut?: true
  /** What a preview found out about it; absent in restores. */
  finding?: Finding
  /** How often it was sent, where that was more than once. */
  tries?: number
  /** The time of the outcome; RFC 3339. */
  at: string
}

/** A volume of a pod that a node agent must fill from a file system backup. */
export interface PodVolume {
  volume: string
  snapshotID: string
  snapshotSize: number
  /** `kopia` or `restic`. */
  uploaderType: string
  /** The claim of the volume, if it has one. */
  claim?: string
}

/** A volume that was made from a native snapshot. */
export interface NativeVolume {
  /** The name of its PersistentVolume in the cluster. */
  pv: string
  /** The snapshot's id at its provider. */
  snapshotId: string
  volumeType: string
  zone: string
  iops: number
}

/** A workload that was created with zero replicas (annotation `drydock.io/replicas`). */
export interface AtZero {
  /** How many it has in the backup, or after modifiers; more than zero. */
  replicas: number
  /** Its controller in the backup, as `Deployment web`: where that is restored, it says how many there are to be. */
  controller?: string
}

/** An owner that an object had in the backup (annotation `drydock.io/owners`). */
export type BackedUpOwner = Omit<OwnerReference, 'uid'>

/** What an item that is to be tried again has been through. */
export interface Parked {
  /** When it failed first; RFC 3339. */
  since: string
  /** How often it was sent. */
  tries: number
  /** It did not end in the short time of a first try: it gets more from now on. */
  slow?: true
  /** Something that it needs is not there: it is given up only when nothing else is tried any more. */
  missing?: true
}

/** All asynchronous operations that actions began for an item. */
export function operationsOf({ operation, pluginOperations = [] }: Outcome): RestoreOperation[] {
  return [...(operation === undefined ? [] : [operation]), ...pluginOperations]
}

/** The key of an item: `<resource>|<namespace in the backup>|<name>`. */
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

/** A warning with this text. */
export function warning(scope: MessageScope, text: string): Message {
  return { severity: 'warning', scope, text }
}

/** An error with this text. */
export function error(scope: MessageScope, text: string): Message {
  return { severity: 'error', scope, text }
}

/** The kind of an object in the resource list. */
export function listedKind(apiVersion: string, kind: string): string {
  return `${apiVersion}/${kind}`
}

/** The name of an object in the resource list. */
export function listedName(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** Whether messages about this resource may contain secret values (rule 14). */
export function isSecret(groupResource: GroupResource): boolean {
  return groupResource === 'secrets'
}

/** What a preview found out about an item, beside what its outcome says. */
export interface Finding {
  /** An object stands at its place. */
  stands?: true
  /** That object would be deleted, and the item created in its place. */
  recreates?: true
  /** The server refused to change that object. */
  refused?: true
  /** The fields that a change would set: their paths, never their values. */
  fields?: readonly string[]
  /** What the item needs does not exist yet, and this restore would make it: the server was not asked about the rest. */
  dependsOn?: string
  /** Why the server could not be asked by a dry run. */
  unasked?: string
  /** The cluster does not serve its kind, and the restore does not bring it. */
  kindMissing?: true
}
