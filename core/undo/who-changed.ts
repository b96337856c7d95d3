import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import { carriesLabels, isOfRestore } from '../items/field-owners.ts'
import { isJsonMap } from '../values/manifest-json.ts'

/** What the journal and the backup know of an object that a restore has created. */
export interface CreatedObject {
  /** The resourceVersion after the last write of the restore. */
  version: string | undefined
  /** The field manager of the restore. */
  manager: string
  /** The two labels of the restore; undefined for a namespace, which gets none. */
  labels: Readonly<Record<string, string>> | undefined
  /** Who owned its fields in the backup; undefined where the backup cannot be read any more. */
  owners: readonly ManagedFieldsEntry[] | undefined
}

/**
 * Who has changed an object since the restore created it, as a clause; undefined where nobody has. An object that was not written
 * since has the resourceVersion of the restore's last write. Where it was, managedFields tell by whom: the status, what parts of
 * the cluster write, finalizers and owners are no change; labels, annotations, spec and data of anybody else are. Times of
 * managedFields are those of the API server, and so is the creation.
 */
export function whoChanged(live: Manifest, created: CreatedObject): string | undefined {
  if (created.version !== undefined && live.metadata.resourceVersion === created.version) return undefined
  const entries = (live.metadata.managedFields ?? []).filter((entry) => !isStatus(entry))
  const owners = created.owners?.filter((entry) => !isStatus(entry))
  const strange = entries.find((entry) => !isKnown(entry, { created, owners, live }))
  if (strange !== undefined) return `${writerOf(strange)} has changed it since${atTime(strange)}`
  const lost = owners?.flatMap((entry) => lostOf(entry, entries, created) ?? [])[0]
  if (lost !== undefined) return `${lost} was taken away since`
  return carriesLabels(live, created.labels) ? undefined : 'the labels of the restore were changed since'
}

/** The first field that an entry of the backup owned and that nobody owns now who may have taken it over. */
function lostOf(
  before: ManagedFieldsEntry,
  entries: readonly ManagedFieldsEntry[],
  { manager }: CreatedObject,
): string | undefined {
  const now = entries.find((entry) => isSameOwner(entry, before))
  const others = entries.filter((entry) => entry.manager === manager || isPartOfCluster(entry))
  return firstMissing(
    before.fieldsV1,
    [now, ...others].map((entry) => entry?.fieldsV1),
  )
}

interface Known {
  created: CreatedObject
  owners: readonly ManagedFieldsEntry[] | undefined
  live: Manifest
}

function isKnown(entry: ManagedFieldsEntry, { created, owners, live }: Known): boolean {
  if (entry.manager === created.manager || isPartOfCluster(entry) || isBookkeeping(entry.fieldsV1)) return true
  const at = Date.parse(entry.time ?? '')
  const born = Date.parse(live.metadata.creationTimestamp ?? '')
  if (owners === undefined) return at < born || isOfRestore(entry, live)
  const before = owners.find((other) => isSameOwner(other, entry))
  if (before === undefined) return false
  return isSameTime(entry, before) || at <= born
}

function isSameOwner(a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean {
  const placeOf = ({ manager, operation, subresource = '' }: ManagedFieldsEntry) =>
    [manager, operation, subresource].join('|')
  return placeOf(a) === placeOf(b)
}

function isSameTime(a: ManagedFieldsEntry, b: ManagedFieldsEntry): boolean {
  return Date.parse(a.time ?? '') === Date.parse(b.time ?? '')
}

function isStatus({ subresource }: ManagedFieldsEntry): boolean {
  return subresource === 'status'
}

/** Field managers that are parts of every cluster, and of its storage. GitOps tools and operators are not: they write for people. */
const partsOfCluster =
  /^(kube-controller-manager|kube-scheduler|kube-apiserver|kubelet|cloud-controller-manager|k3s|k3s-supervisor|rke2|node-agent|node-agent-server|(csi|external)-(provisioner|attacher|resizer|snapshotter)|snapshot-controller)$/

/** Whether a part of the cluster owns these fields. */
export function isPartOfCluster({ manager = '' }: Pick<ManagedFieldsEntry, 'manager'>): boolean {
  return partsOfCluster.test(manager)
}

/** Whether an entry owns finalizers, owners and status alone. */
function isBookkeeping(fields: unknown): boolean {
  if (!isJsonMap(fields)) return false
  const { 'f:metadata': metadata, 'f:status': _status, ...rest } = fields
  if (Object.keys(rest).length > 0) return false
  if (metadata === undefined) return true
  return (
    isJsonMap(metadata) &&
    Object.keys(metadata).every((key) => ['f:finalizers', 'f:ownerReferences', '.'].includes(key))
  )
}

/** The first path of `fields` that none of the others has; undefined where they have all. */
function firstMissing(fields: unknown, others: readonly unknown[], path: readonly string[] = []): string | undefined {
  if (!isJsonMap(fields)) return undefined
  for (const [key, inner] of Object.entries(fields)) {
    const here = key === '.' ? path : [...path, wordOf(key)]
    const there = others.flatMap((other) => (isJsonMap(other) && Object.hasOwn(other, key) ? [other[key]] : []))
    const missing = there.length === 0 ? here.join('.') : firstMissing(inner, there, here)
    if (missing !== undefined) return missing
  }
  return undefined
}

function wordOf(key: string): string {
  return key.startsWith('f:') ? key.slice(2) : `[${key.slice(2)}]`
}

function writerOf({ manager = '' }: ManagedFieldsEntry): string {
  if (/^drydock-[0-9a-f-]{36}$/.test(manager)) return 'another restore'
  return manager === '' ? 'somebody' : manager
}

function atTime({ time }: ManagedFieldsEntry): string {
  return time === undefined ? '' : ` (${time})`
}
