import type { DeletionRef } from '../../contract/delete-backup.ts'
import type { Backup } from '../../velero/backup.ts'
import { fatal } from '../frame/failures.ts'
import { openLocation } from '../frame/locations.ts'
import type { Cluster, ObjectStore, Ports } from '../ports.ts'
import { besideRequest } from './deletion-request.ts'

/** A backup that is being deleted. */
export interface DeletedBackup {
  ref: DeletionRef
  backup: {
    name: string
    uid: string
    location: string
    /** The `id` of the {@link ObjectStore} at the beginning: the location may name another bucket later. */
    store: string
    movesData: boolean
  }
}

/** What a step of a deletion could not delete, in Velero's words where it has some. */
export interface StepReport {
  errors: readonly string[]
}

/** The work on one request is done by one attempt at a time (rule 7). */
export function frameOf({ name, uid }: DeletionRef, doing: string): { doing: string; scope: string } {
  return { doing: `${doing} of DeleteBackupRequest ${name}`, scope: `${uid}/delete` }
}

/**
 * Reads the Backup that is being deleted. Throws for good where it is gone or another one has its name: what is in the cluster and
 * in the bucket under that name may belong to another backup then.
 */
export async function readDeleted(cluster: Cluster, { ref, backup }: DeletedBackup): Promise<Backup> {
  const live = (await cluster.get(besideRequest(ref, 'backups', backup.name))) as unknown as Backup | undefined
  if (live === undefined) throw fatal(`Backup ${backup.name} is gone since the deletion began`)
  if ((live.metadata.uid ?? '') !== backup.uid)
    throw fatal(`Backup ${backup.name} is another one than when the deletion began`)
  return live
}

/**
 * Opens the bucket of the Backup that is being deleted. Throws for good where the Backup, or the place that its location names, is
 * another one than at the beginning.
 */
export async function openDeleted(
  ports: Pick<Ports, 'cluster' | 'stores'>,
  deleted: DeletedBackup,
): Promise<{ live: Backup; store: ObjectStore }> {
  const { ref, backup } = deleted
  const live = await readDeleted(ports.cluster, deleted)
  const store = await openLocation(ports, ref.namespace, backup.location)
  if (store.id !== backup.store)
    throw fatal(
      `location "${backup.location}" has another bucket or prefix than when the deletion began: ${store.id}, not ${backup.store}`,
    )
  return { live, store }
}
