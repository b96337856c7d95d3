import { validLabelValue } from '../../core/values/derived-names.ts'
import type { Backup } from '../../velero/backup.ts'
import { backupUidLabel, storageLocationLabel } from '../../velero/labels.ts'
import type { Manifest, OwnerReference } from '../../velero/manifest.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'

/** A Backup to create from what stands in the bucket, or why it is not created. */
export type SyncedBackup = { do: 'create'; backup: Backup } | { do: 'skip'; because: string }

/** Where a backup is brought to. */
export interface SyncTarget {
  namespace: string
  location: string
  /** Uids of the Schedules that the cluster has, by name. */
  schedules: ReadonlyMap<string, string>
}

const finished: readonly string[] = ['Completed', 'PartiallyFailed', 'Failed']
const unfinished: readonly string[] = [
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Finalizing',
  'FinalizingPartiallyFailed',
]

/**
 * The Backup resource for a backup of the bucket, as Velero v1.18.3 makes it: only finished ones (an unfinished one
 * comes as partly failed once it has expired), without hooks, which nobody must run again, and with this cluster's
 * names of namespace and location.
 */
export function syncedBackup(name: string, stored: unknown, target: SyncTarget, now: Date): SyncedBackup {
  const found = readBackup(name, stored)
  if (typeof found === 'string') return { do: 'skip', because: found }
  const phase = found.status?.phase ?? ''
  if (finished.includes(phase)) return { do: 'create', backup: placed(found, target) }
  if (!unfinished.includes(phase))
    return { do: 'skip', because: `its phase ${JSON.stringify(phase)} is none that a finished backup has` }
  const expiration = found.status?.['expiration']
  if (typeof expiration !== 'string' || Date.parse(expiration) > now.getTime())
    return { do: 'skip', because: `it is not finished: its phase is ${phase}` }
  return { do: 'create', backup: placed({ ...found, status: { ...found.status, phase: 'PartiallyFailed' } }, target) }
}

/** The Backup in a metadata file, or what is wrong with it. */
function readBackup(name: string, stored: unknown): Backup | string {
  const found = stored as Partial<Backup> | null
  if (typeof found !== 'object' || found === null || found.kind !== 'Backup') return 'its metadata is no Backup'
  if (found.apiVersion !== 'velero.io/v1') return `its metadata is of ${String(found.apiVersion)}, not velero.io/v1`
  if (found.metadata?.name !== name) return `its metadata is of backup ${JSON.stringify(found.metadata?.name)}`
  return { ...found, spec: found.spec ?? {} } as Backup
}

function placed(backup: Backup, { namespace, location, schedules }: SyncTarget): Backup {
  const { labels, annotations, finalizers, ownerReferences = [] } = backup.metadata
  const { hooks: _hooks, ...spec } = backup.spec
  const owners = ownerReferences.filter((owner) => isKept(owner, schedules))
  return {
    apiVersion: backup.apiVersion,
    kind: backup.kind,
    metadata: {
      name: backup.metadata.name,
      namespace,
      labels: { ...labels, [storageLocationLabel]: validLabelValue(location) },
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ...(owners.length === 0 ? {} : { ownerReferences: owners }),
    },
    spec: { ...spec, storageLocation: location },
    ...(backup.status === undefined ? {} : { status: backup.status }),
  }
}

/** A Schedule that is gone, or was made anew, owns nothing here: the garbage collector would remove the Backup. */
function isKept(owner: OwnerReference, schedules: ReadonlyMap<string, string>): boolean {
  return owner.kind !== 'Schedule' || schedules.get(owner.name) === owner.uid
}

/** The Backup that was just created from the bucket. */
export interface SyncedOwner {
  namespace: string
  name: string
  uid: string
  location: string
}

/** A PodVolumeBackup of a backup's file for this cluster: its owner is the Backup that was just created. */
export function syncedPodVolume(stored: Manifest, owner: SyncedOwner): Manifest {
  const { name, labels, annotations, ownerReferences = [] } = stored.metadata
  const spec = stored['spec'] as Record<string, unknown> | undefined
  const owners = ownerReferences.map((reference) =>
    reference.apiVersion === 'velero.io/v1' && reference.kind === 'Backup' && reference.name === owner.name
      ? { ...reference, uid: owner.uid }
      : reference,
  )
  return {
    ...stored,
    apiVersion: 'velero.io/v1',
    kind: 'PodVolumeBackup',
    metadata: {
      name,
      namespace: owner.namespace,
      ...(labels === undefined
        ? {}
        : { labels: labels[backupUidLabel] === undefined ? labels : { ...labels, [backupUidLabel]: owner.uid } }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(owners.length === 0 ? {} : { ownerReferences: owners }),
    },
    spec: { ...spec, backupStorageLocation: owner.location },
  }
}

/**
 * Backups of a location whose folder is gone from the bucket. One without the location's label was made by hand, one
 * that is not finished may not be there yet: both stay.
 */
export function orphanedBackups(backups: readonly Backup[], location: string, inBucket: ReadonlySet<string>): Backup[] {
  return backups.filter(
    ({ metadata, status }) =>
      metadata.labels?.[storageLocationLabel] === validLabelValue(location) &&
      (status?.phase === 'Completed' || status?.phase === 'PartiallyFailed') &&
      metadata.deletionTimestamp === undefined &&
      !inBucket.has(metadata.name),
  )
}

/** Restores that go with their Backup: those that are over. A running one ends by itself, and may yet be of use. */
export function restoresOf(backup: string, restores: readonly Restore[]): Restore[] {
  return restores.filter(
    ({ spec, status, metadata }) =>
      spec.backupName === backup && isTerminal(status?.phase) && metadata.deletionTimestamp === undefined,
  )
}
