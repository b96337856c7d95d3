import { backupNameLabel, fieldManagerOf, restoreNameLabel } from '../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'

/** What tells this restore from everything else that creates objects. */
export interface RestoreMark {
  uid: string
  /** Of the Restore resource, RFC 3339. */
  creationTimestamp: string
  /** The two labels of `restoreLabels`; undefined for namespaces, which Velero does not label. */
  labels?: Record<string, string>
}

/** How managed fields are restored: `exact` in two writes, `owners` in one where that gives the same owners. */
export type ManagedFieldsMode = 'exact' | 'owners'

/** Kinds that controllers derive from others: another writer may well have made one with our labels copied over. */
const derived: ReadonlySet<GroupResource> = new Set([
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'controllerrevisions.apps',
  'leases.coordination.k8s.io',
])

/** Objects that Kubernetes makes in every namespace by itself. */
const derivedByName: Readonly<Record<GroupResource, string>> = {
  serviceaccounts: 'default',
  configmaps: 'kube-root-ca.crt',
}

/** The mode for one object: what controllers derive always goes by the exact one (rule 5). */
export function modeFor(wanted: ManagedFieldsMode, groupResource: GroupResource, name: string): ManagedFieldsMode {
  if (derived.has(groupResource) || derivedByName[groupResource] === name) return 'exact'
  return wanted
}

/**
 * Rule 5: whether an object that a create found standing there is this restore's own earlier create. Both labels match,
 * it is no older than the Restore, and its managedFields hold our manager, or the backup's entries as they were
 * (our second write is done then), or, in mode `owners`, an entry of the manager we posted as that is no older than the Restore.
 */
export function isOurs(
  live: Manifest,
  mark: RestoreMark,
  written: { managedFields?: ManagedFieldsEntry[] | undefined; postedAs?: string | undefined },
): boolean {
  if (!carriesLabels(live, mark.labels)) return false
  if (isBefore(live.metadata.creationTimestamp, mark.creationTimestamp)) return false
  const entries = live.metadata.managedFields ?? []
  if (entries.some((entry) => entry.manager === fieldManagerOf(mark.uid))) return true
  if (
    written.managedFields !== undefined &&
    written.managedFields.length > 0 &&
    sameEntries(entries, written.managedFields)
  ) {
    return true
  }
  return (
    written.postedAs !== undefined &&
    entries.some((entry) => entry.manager === written.postedAs && !isBefore(entry.time, mark.creationTimestamp))
  )
}

function carriesLabels(live: Manifest, labels: Record<string, string> | undefined): boolean {
  if (labels === undefined) return true
  return [backupNameLabel, restoreNameLabel].every((label) => live.metadata.labels?.[label] === labels[label])
}

function isBefore(a: string | null | undefined, b: string): boolean {
  if (a === undefined || a === null) return true
  return Date.parse(a) < Date.parse(b)
}

/** Whether both lists hold the same entries; the server sorts them, so order says nothing. */
export function sameEntries(a: readonly ManagedFieldsEntry[], b: readonly ManagedFieldsEntry[]): boolean {
  if (a.length !== b.length) return false
  const texts = (entries: readonly ManagedFieldsEntry[]) => entries.map(entryText).sort()
  const [left, right] = [texts(a), texts(b)]
  return left.every((text, index) => text === right[index])
}

function entryText(entry: ManagedFieldsEntry): string {
  const { manager, operation, apiVersion, time, subresource } = entry
  return JSON.stringify([manager, operation, apiVersion, time, subresource ?? '', sortKeys(entry.fieldsV1)])
}

function sortKeys(value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([key, part]) => [key, sortKeys(part)]),
  )
}

/** How an object is posted so that its fields end with the owners they had in the backup. */
export interface Posting {
  /** The body of the create. */
  body: Manifest
  fieldManager: string
  /** Whether a second write must set managedFields to the backup's entries. */
  patchOwners: boolean
  /** In mode `owners`: the manager of the backup whose name the create carries. */
  postedAs?: string
}

/**
 * Mode `exact`: create as ourselves, then set the backup's entries. Mode `owners`: where one Update manager owns every
 * field that the create sets, the create carries that manager's name and the other entries, and needs no second write
 * (decision 10). Objects with several owners of other fields than status go by two writes in any mode.
 */
export function planOwners(object: Manifest, mode: ManagedFieldsMode, ours: string): Posting {
  const entries = object.metadata.managedFields ?? []
  const setters = entries.filter((entry) => entry.subresource === undefined || entry.subresource === '')
  const only = setters.length === 1 ? setters[0] : undefined
  const sameVersion = only?.apiVersion === object.apiVersion
  if (
    mode === 'owners' &&
    only?.operation === 'Update' &&
    only.manager !== undefined &&
    only.manager !== '' &&
    sameVersion
  ) {
    const others = entries.filter((entry) => entry !== only)
    const metadata = { ...object.metadata }
    if (others.length > 0) metadata.managedFields = others
    else delete metadata.managedFields
    return { body: { ...object, metadata }, fieldManager: only.manager, patchOwners: false, postedAs: only.manager }
  }
  const { managedFields: _entries, ...metadata } = object.metadata
  return { body: { ...object, metadata }, fieldManager: ours, patchOwners: true }
}
