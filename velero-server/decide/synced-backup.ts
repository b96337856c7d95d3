import { validLabelValue } from '../../core/values/derived-names.ts'
import { storageLocationLabel } from '../../velero/labels.ts'
import type { Backup } from '../../velero/backup.ts'
import type { OwnerReference } from '../../velero/manifest.ts'

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
