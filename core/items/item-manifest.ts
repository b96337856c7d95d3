import type { Manifest } from '../../velero/manifest.ts'
import { itemPath, parseApiVersion, parseGroupResource } from '../../velero/resource.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import { parseJson } from '../values/manifest-json.ts'
import { backupNameLabel, mirrorPodAnnotation, restoreNameLabel, restoreStatusAnnotation } from '../../velero/labels.ts'
import { goPrint, goTypeOf } from '../values/go-text.ts'
import { fieldsAt, objectsAt } from '../values/fields.ts'
import { validLabelValue } from '../values/derived-names.ts'

/**
 * The manifest in the text of an item, or the error that names its place in the archive: Velero's words, then ours. A field
 * of its metadata that is null is left out, as the API server and Velero read it.
 */
export function parseItem(text: string, item: ItemAddress): { manifest: Manifest } | { problem: string } {
  const path = itemPath(item.groupResource, item)
  let value: unknown
  try {
    value = parseJson(text)
  } catch (thrown) {
    return { problem: `error decoding "${path}": ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
  const manifest = value as Partial<Manifest> | null
  if (manifest === null || typeof manifest !== 'object' || Array.isArray(manifest)) {
    return { problem: `error decoding "${path}": the item is no JSON object` }
  }
  if (typeof manifest.kind !== 'string' || manifest.kind === '') {
    return { problem: `error decoding "${path}": Object 'Kind' is missing in the item` }
  }
  if (typeof manifest.apiVersion !== 'string' || typeof manifest.metadata !== 'object' || manifest.metadata === null) {
    return { problem: `error decoding "${path}": apiVersion or metadata is missing in the item` }
  }
  const stranger = whyStranger(manifest as Manifest, item)
  return stranger === undefined
    ? { manifest: withoutNulls(manifest as Manifest) }
    : { problem: `error decoding "${path}": ${stranger}` }
}

function withoutNulls(manifest: Manifest): Manifest {
  if (!Object.values(manifest.metadata).includes(null)) return manifest
  const fields = Object.entries(manifest.metadata)
  return {
    ...manifest,
    metadata: Object.fromEntries(fields.filter(([, value]) => value !== null)) as Manifest['metadata'],
  }
}

/**
 * Why the manifest is not the one that its path says; undefined where it is. Selection, excludes and mappings go by the
 * path, the write by the manifest: one of another group or namespace would get past them. Its name may differ from the
 * name of its file, and is then the one that counts, as in Velero (parity case `exact`).
 */
function whyStranger({ apiVersion, metadata }: Manifest, item: ItemAddress): string | undefined {
  if (parseApiVersion(apiVersion).group !== parseGroupResource(item.groupResource).group)
    return `its apiVersion ${quoted(apiVersion)} is not of the group of its folder`
  const { namespace } = metadata as { namespace?: unknown }
  if ((namespace ?? '') !== (item.namespace ?? ''))
    return `its namespace ${quoted(namespace)} is not the one of its folder`
  const { name } = metadata as { name?: unknown }
  return typeof name === 'string' && name !== '' ? undefined : 'the item has no name'
}

/** A value of the manifest in a message, no longer than any name may be. */
function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 256)
}

/** Why a selected item is not written. */
export type SkipReason =
  /** Velero does not list the item. */
  | { do: 'omit'; because: string }
  /** Velero lists the item as skipped. */
  | { do: 'skip'; because: string }
  /** Its status is malformed: an error, without an entry in the resource list. */
  | { do: 'fail'; because: string }

type SkipRule = (item: Manifest, groupResource: GroupResource) => SkipReason | undefined

/** The rules in Velero's order; the first reason wins. Source: pkg/restore/restore.go isCompleted, restoreItem. */
const rules: readonly SkipRule[] = [finishedPod, finishedJob, mirrorPod]

/** The reason not to write an item; undefined if it is to be written. */
export function skipReason(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  for (const rule of rules) {
    const reason = rule(item, groupResource)
    if (reason !== undefined) return reason
  }
  return undefined
}

function finishedPod(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  if (groupResource !== 'pods') return undefined
  const phase = statusField(item, 'phase')
  if (phase.malformed !== undefined) return { do: 'fail', because: phase.malformed }
  if (phase.value !== 'Failed' && phase.value !== 'Succeeded') return undefined
  return { do: 'omit', because: `the pod is over: ${phase.value}` }
}

function finishedJob(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  if (groupResource !== 'jobs.batch') return undefined
  const completion = statusField(item, 'completionTime')
  if (completion.malformed !== undefined) return { do: 'fail', because: completion.malformed }
  return completion.value === undefined || completion.value === ''
    ? undefined
    : { do: 'omit', because: 'the job is complete' }
}

function mirrorPod(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  if (groupResource !== 'pods') return undefined
  const mirrored = item.metadata.annotations?.[mirrorPodAnnotation] ?? ''
  return mirrored === '' ? undefined : { do: 'skip', because: 'it is a mirror pod of a node' }
}

/** A string in the status. Another type is malformed, in the words of Kubernetes' package `unstructured`. */
function statusField(item: Manifest, field: string): { value?: string; malformed?: string } {
  const status = item['status']
  if (status === undefined || status === null || typeof status !== 'object') return {}
  const value = (status as Record<string, unknown>)[field]
  if (value === undefined || value === null) return {}
  if (typeof value === 'string') return { value }
  return {
    malformed: `.status.${field} accessor error: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected string`,
  }
}

/** What becomes of a Job that had finished or failed when the backup was made: as it is, left out, or another one. */
export type EndedJob = { do: 'as-is' } | { do: 'omit'; because: string } | { do: 'change'; item: Manifest }

/**
 * Decides about a Job by the annotation `drydock.io/ended-jobs`. Velero leaves out those that are complete, and runs those that
 * had failed once more.
 */
export function endedJob(item: Manifest, asked: 'leave-out' | 'suspend' | undefined): EndedJob {
  if (asked === undefined || item.kind !== 'Job' || !item.apiVersion.startsWith('batch/')) return { do: 'as-is' }
  const ended = objectsAt(item, 'status', 'conditions').find(
    ({ type, status }) => (type === 'Failed' || type === 'Complete') && status === 'True',
  )
  const isComplete = typeof fieldsAt(item, 'status')?.['completionTime'] === 'string'
  if (ended === undefined && !isComplete) return { do: 'as-is' }
  if (asked === 'leave-out') {
    const how = ended?.['type'] === 'Failed' ? 'had failed' : 'is complete'
    return { do: 'omit', because: `the job ${how}, and the restore leaves such jobs out` }
  }
  const { status: _status, ...rest } = item
  return { do: 'change', item: { ...rest, spec: { ...fieldsAt(item, 'spec'), suspend: true } } as Manifest }
}

/**
 * The metadata without what is valid only in the cluster of the backup. It runs for each item, and a pattern takes a third
 * of the time of a filter. Source: pkg/restore/restore.go resetMetadata.
 */
function withoutClusterOwned(metadata: Manifest['metadata']): Manifest['metadata'] {
  const {
    generateName: _generateName,
    selfLink: _selfLink,
    uid: _uid,
    resourceVersion: _resourceVersion,
    generation: _generation,
    creationTimestamp: _creationTimestamp,
    deletionTimestamp: _deletionTimestamp,
    deletionGracePeriodSeconds: _deletionGracePeriodSeconds,
    ownerReferences: _ownerReferences,
    ...kept
  } = metadata
  return kept
}

/**
 * The item without its status and without the metadata of its old cluster. Finalizers, labels, annotations and
 * managedFields stay, as in Velero. Undefined if the item has no metadata.
 */
export function resetMetadataAndStatus(item: Manifest): Manifest | undefined {
  if (typeof item.metadata !== 'object' || item.metadata === null) return undefined
  const { status: _status, ...rest } = item
  return { ...rest, metadata: withoutClusterOwned(item.metadata) }
}

/** The two labels that each restored object gets: the names of its backup and of its restore. */
export function restoreLabels(restore: { name: string; backupName: string }): Record<string, string> {
  return {
    [backupNameLabel]: validLabelValue(restore.backupName),
    [restoreNameLabel]: validLabelValue(restore.name),
  }
}

/**
 * The object with labels added to its own. If one of its own is not a string (a modifier with the value `true` makes
 * such a label), Velero cannot read any of them, and only the added ones are left.
 */
export function withLabels(object: Manifest, labels: Record<string, string>): Manifest {
  const readable = hasReadableLabels(object)
  return {
    ...object,
    metadata: { ...object.metadata, labels: { ...(readable ? object.metadata.labels : {}), ...labels } },
  }
}

/** Whether all labels of the object are texts. */
export function hasReadableLabels({ metadata }: Manifest): boolean {
  return Object.values((metadata.labels ?? {}) as Record<string, unknown>).every((value) => typeof value === 'string')
}

/** The resources whose status is restored; undefined if `spec.restoreStatus` is not set. */
export type StatusFilter = { shouldInclude(groupResource: GroupResource): boolean } | undefined

/**
 * Whether the status of a created object is restored. The annotation on the object wins over `spec.restoreStatus`.
 * Source: pkg/restore/restore.go determineRestoreStatus.
 */
export function restoresStatus(object: Manifest, groupResource: GroupResource, filter: StatusFilter): boolean {
  const own = object.metadata.annotations?.[restoreStatusAnnotation]?.trim().toLowerCase()
  if (own === 'true') return true
  if (own === 'false') return false
  return filter?.shouldInclude(groupResource) ?? false
}
