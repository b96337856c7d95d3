import { backupNameLabel, fieldManagerOf, restoreNameLabel } from '../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { isDerived } from '../values/derived-objects.ts'
import { canonicalJson } from '../values/manifest-json.ts'
import { restoreLabels } from './item-manifest.ts'
import { ownsMark, ownsTheSame, ownsWhatIsSet } from './owned-fields.ts'

/** By what a restore recognises the objects that it has created. */
export interface RestoreIdentity {
  uid: string
  /** When the Restore resource was created; RFC 3339. */
  creationTimestamp: string
  /** The two labels of `restoreLabels`; undefined for namespaces, which Velero does not label. */
  labels?: Record<string, string>
}

/** What an admitted restore is known by. */
export interface Admitted {
  restore: RestoreIdentity & { name: string }
  spec: { backupName?: string }
}

/** By what an admitted restore recognises its objects, namespaces aside. */
export function markOf({ restore, spec }: Admitted): RestoreIdentity & { labels: Record<string, string> } {
  const { uid, creationTimestamp, name } = restore
  return { uid, creationTimestamp, labels: restoreLabels({ name, backupName: spec.backupName ?? '' }) }
}

/**
 * How managed fields are restored: `exact` in two writes, `owners` in one write where that gives the same owners
 * (decision 10).
 */
export type ManagedFieldsMode = 'exact' | 'owners'

/** The mode for one object. For objects that controllers create it is always `exact` (rule 5). */
export function modeFor(wanted: ManagedFieldsMode, groupResource: GroupResource, name: string): ManagedFieldsMode {
  if (isDerived(groupResource, name)) return 'exact'
  return wanted
}

/**
 * Whether an object that existed when we tried to create it was created by an earlier attempt of this restore (rule 5).
 * Both labels must match, and it must not be older than the Restore. Its managedFields must contain our manager, or an
 * entry of the backup (then our second write is done), or, in mode `owners`, an entry of the manager whose name the create
 * had, not older than the Restore.
 */
export function isOurs(
  live: Manifest,
  restore: RestoreIdentity,
  written: { managedFields?: ManagedFieldsEntry[] | undefined; postedAs?: string | undefined },
): boolean {
  if (!carriesLabels(live, restore.labels)) return false
  if (isBefore(live.metadata.creationTimestamp, restore.creationTimestamp)) return false
  const entries = live.metadata.managedFields ?? []
  if (isWrittenBy(live, fieldManagerOf(restore.uid))) return true
  if (keepsEntries(entries, written.managedFields)) return true
  return (
    written.postedAs !== undefined &&
    entries.some((entry) => entry.manager === written.postedAs && !isBefore(entry.time, restore.creationTimestamp))
  )
}

/**
 * Whether an object carries the labels of this restore and is not older than it. That is less than {@link isOurs} asks
 * for: controllers may have changed the owners of its fields since this restore made it.
 */
export function looksOurs(live: Manifest, restore: RestoreIdentity): boolean {
  return carriesLabels(live, restore.labels) && !isBefore(live.metadata.creationTimestamp, restore.creationTimestamp)
}

/** Whether an object carries the two labels of a restore; for one that gets none, always. */
export function carriesLabels(live: Manifest, labels: Record<string, string> | undefined): boolean {
  if (labels === undefined) return true
  return [backupNameLabel, restoreNameLabel].every((label) => live.metadata.labels?.[label] === labels[label])
}

function isBefore(a: string | null | undefined, b: string): boolean {
  if (a === undefined || a === null) return true
  return Date.parse(a) < Date.parse(b)
}

/** Whether a field manager owns fields of an object. */
export function isWrittenBy({ metadata }: Manifest, manager: string): boolean {
  return metadata.managedFields?.some((entry) => entry.manager === manager) === true
}

/**
 * Whether our second write has set these entries of the backup: one about the object itself stands there as it was, with its
 * time. The others may be gone: a kubelet writes the status of a pod at once, and a controller may adopt or bind what was made.
 * Where the backup has entries about subresources alone, all must stand there.
 */
export function keepsEntries(
  live: readonly ManagedFieldsEntry[],
  written: readonly ManagedFieldsEntry[] = [],
): boolean {
  const own = written.filter(({ subresource = '', time }) => subresource === '' && time !== undefined)
  if (own.length === 0) return written.length > 0 && sameEntries(live, written)
  const texts = new Set(live.map(entryText))
  return own.some((entry) => texts.has(entryText(entry)))
}

/** Whether both lists have the same entries in any order: the API server sorts them. */
export function sameEntries(a: readonly ManagedFieldsEntry[], b: readonly ManagedFieldsEntry[]): boolean {
  if (a.length !== b.length) return false
  const texts = (entries: readonly ManagedFieldsEntry[]) => entries.map(entryText).sort()
  const [left, right] = [texts(a), texts(b)]
  return left.every((text, index) => text === right[index])
}

function entryText({ manager, operation, apiVersion, time, subresource = '', fieldsV1 }: ManagedFieldsEntry): string {
  return canonicalJson([manager, operation, apiVersion, time, subresource, fieldsV1])
}

/** How an object is created so that its fields get the owners that they had in the backup. */
export interface Posting {
  /** The body of the create. */
  body: Manifest
  fieldManager: string
  /** Whether a second write must set managedFields to the backup's entries. */
  patchOwners: boolean
  /** In mode `owners`: the manager of the backup whose name the create has, or had in an earlier version. */
  postedAs?: string
}

/** Written by tools that later turn what they wrote into what they apply, with every field that their entry owns. */
const appliedAnnotations = ['kubectl.kubernetes.io/last-applied-configuration', 'meta.helm.sh/release-name'] as const

/**
 * Whether a tool may later move the fields of this entry to an applied one, and remove those that it does not apply. The two
 * labels of a restore would be among them if the entry owned them, so they must belong to nobody, as Velero leaves them. Tools
 * find such entries by an annotation of theirs (kubectl), by kubectl's names (Flux), or by their own name: Helm 4 takes over all
 * that Helm 3 wrote, also a former hook, which has no annotation of Helm's.
 */
function maybeApplied({ manager }: { manager: string }, { metadata }: Manifest): boolean {
  if (manager.startsWith('kubectl') || manager === 'helm') return true
  return appliedAnnotations.some((name) => metadata.annotations?.[name] !== undefined)
}

/**
 * Plans the create. In mode `exact` our own manager creates the object, and a second write sets the entries of the
 * backup. In mode `owners`, if one Update manager owns all fields that the create sets, the create has that manager's
 * name and the other entries, and needs a second write only where {@link needsSecondWrite} (decision 10). Objects with several owners, and those that
 * kubectl or Helm may have applied, need two writes in any mode. So do those of which a subresource's entry owns more than status, and
 * those of which the create sets other fields than the manager owns.
 */
export function planOwners(object: Manifest, mode: ManagedFieldsMode, ours: string): Posting {
  const { managedFields: entries = [], ...metadata } = object.metadata
  const only = mode === 'owners' ? onlyUpdater(entries, object.apiVersion) : undefined
  const twoWrites = { body: { ...object, metadata }, fieldManager: ours, patchOwners: true }
  if (only === undefined) return twoWrites
  const others = entries.filter((entry) => entry !== only)
  // Versions before 0.2 created these objects in the name of their manager too: an attempt may find one of them.
  const isAlike = ownsWhatIsSet(only.fieldsV1, object) && !others.some(ownsMoreThanStatus)
  if (!isAlike || maybeApplied(only, object)) return { ...twoWrites, postedAs: only.manager }
  const body = { ...object, metadata: others.length > 0 ? { ...metadata, managedFields: others } : metadata }
  return { body, fieldManager: only.manager, patchOwners: false, postedAs: only.manager }
}

/**
 * Whether a second write must set managedFields of an object that was created as planned. Where one write was planned it must after all
 * if the manager in whose name the object was created owns other fields than in the backup, since the API server of the target cluster
 * has set or left out some by itself; or if an attempt in mode `exact` has created it, in our own name. Once others have written it,
 * the answer is no: a second write would take their entries away.
 */
export function needsSecondWrite(
  live: Manifest,
  { patchOwners, postedAs }: Pick<Posting, 'patchOwners' | 'postedAs'>,
  { ours, written = [] }: { ours: string; written?: readonly ManagedFieldsEntry[] | undefined },
): boolean {
  if (patchOwners || postedAs === undefined) return patchOwners
  const setters = (live.metadata.managedFields ?? []).filter(({ subresource }) => subresource !== 'status')
  const isPosted = ({ manager, operation, subresource = '' }: ManagedFieldsEntry) =>
    manager === postedAs && operation === 'Update' && subresource === ''
  const [only] = setters
  if (only === undefined || setters.length > 1) return false
  if (only.manager === ours) return true
  if (!isPosted(only) || !isOfCreate(only, live)) return false
  return !ownsTheSame(only.fieldsV1, written.find(isPosted)?.fieldsV1)
}

/** Whether this entry of an object is from the create by a restore, in the name of a manager who has not written it since, to the second. */
export function isOfRestore(entry: ManagedFieldsEntry, live: Manifest): boolean {
  return ownsMark(entry.fieldsV1) && isOfCreate(entry, live)
}

/** Whether an entry is not newer than its object, to the second. */
function isOfCreate({ time }: ManagedFieldsEntry, { metadata: { creationTimestamp } }: Manifest): boolean {
  return time !== undefined && !isBefore(creationTimestamp, time)
}

/**
 * Whether a create would take fields of this entry away. It sets all fields but those of the status: so not the scale
 * of `kubectl scale` or an autoscaler, nor the revision that a controller notes together with the status.
 */
function ownsMoreThanStatus({ fieldsV1 }: ManagedFieldsEntry): boolean {
  return Object.keys(fieldsV1 ?? {}).some((field) => field !== 'f:status')
}

/** The only entry about more than a subresource, where an update by that manager makes such an entry. */
function onlyUpdater(
  entries: readonly ManagedFieldsEntry[],
  apiVersion: string,
): (ManagedFieldsEntry & { manager: string }) | undefined {
  const setters = entries.filter((entry) => entry.subresource === undefined || entry.subresource === '')
  const [only] = setters
  if (only === undefined || setters.length > 1 || only.operation !== 'Update' || only.apiVersion !== apiVersion)
    return undefined
  return isNamed(only) ? only : undefined
}

function isNamed(entry: ManagedFieldsEntry): entry is ManagedFieldsEntry & { manager: string } {
  return entry.manager !== undefined && entry.manager !== ''
}
