import { Context } from '@temporalio/activity'
import type { DeletionRef } from '../../contract/delete-backup.ts'
import { decideDeletion, namesAnother, requestLabels } from '../../core/deletion/decide-deletion.ts'
import { refusalText } from '../../core/deletion/refusal-text.ts'
import { requestErrors } from '../../core/deletion/request-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { DeleteBackupRequest } from '../../velero/delete-backup-request.ts'
import { isConflict, isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import { backupNameLabel, backupUidLabel, restoreFinalizer } from '../../velero/labels.ts'
import { backupFolder } from '../../velero/object-keys.ts'
import { asRestore } from '../../velero/restore.ts'
import { phaseRefused, requestNotWritten, wrongCluster } from '../frame/failures.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { pauseAfter, runActivity } from '../frame/run-activity.ts'
import type { Cluster, Ports } from '../ports.ts'
import { frameOf, openDeleted, readDeleted } from './deleted-backup.ts'
import type { DeletedBackup, StepReport } from './deleted-backup.ts'
import { besideRequest, changeRequest, deletionFieldManager, readRequest } from './deletion-request.ts'
import { refusalIn, removeExactly } from './deletion-request.ts'
import { lookInside } from './look-inside.ts'

/** What has become of a request at first. `because` says why there is nothing to do. */
export type DeletionStart = { do: 'leave'; because: string } | ({ do: 'delete' } & Omit<DeletedBackup, 'ref'>)

type DeletionPorts = Pick<Ports, 'cluster' | 'stores' | 'archives' | 'presence' | 'clock' | 'log'>

/**
 * Looks at a request. One that is refused is processed with the reason. Else other requests for the backup are deleted, the request
 * becomes `InProgress` and the Backup `Deleting`. Safe to run twice. Source: pkg/controller/backup_deletion_controller.go Reconcile.
 */
export function beginDeletion(ports: DeletionPorts) {
  return ({ ref }: { ref: DeletionRef }): Promise<DeletionStart> =>
    runActivity(ports.presence, frameOf(ref, 'the beginning'), async (attempt) => {
      const { cluster } = ports
      if (cluster.id !== ref.cluster) throw wrongCluster(ref.cluster, cluster.id)
      const request = await readRequest(cluster, ref)
      if (request === undefined) return requestGone
      const facts = { request, ...(await readBackup(cluster, ref, request)) }
      const verdict = decideDeletion(facts)
      if (verdict.do === 'leave') return verdict
      if (request.spec.backupName && !namesAnother(facts))
        await deleteRequests(cluster, ref, { backup: request.spec.backupName, but: ref.name })
      if (verdict.do === 'refuse') return refuse(ports, ref, verdict.error)
      const looked = await lookInside(ports, { ...verdict, attempt })
      if ('error' in looked) return refuse(ports, ref, looked.error)
      const { name, uid = '' } = verdict.backup.metadata
      const isThere = await changeRequest(cluster, ref, (live) => ({
        metadata: { labels: requestLabels(live, verdict.backup) },
        status: { phase: 'InProgress' },
      }))
      if (!isThere) return requestGone
      const patch = { metadata: { uid }, status: { phase: 'Deleting' } }
      const at = besideRequest(ref, 'backups', name)
      const refusal = await refusalIn(() => cluster.patch(at, patch, { fieldManager: deletionFieldManager }))
      if (refusal !== undefined)
        return refuse(ports, ref, refusalText(`error setting backup phase to deleting: ${refusal}`))
      const { storageLocation: location = '', snapshotMoveData } = verdict.backup.spec
      return {
        do: 'delete',
        backup: { name, uid, location, store: looked.store, movesData: snapshotMoveData === true },
      }
    })
}

/** Nothing is deleted: whoever has deleted the request wants that no longer. */
const requestGone = { do: 'leave', because: 'the request is gone' } as const

async function refuse({ cluster, log }: DeletionPorts, ref: DeletionRef, error: string): Promise<DeletionStart> {
  await changeRequest(cluster, ref, () => ({ status: { phase: 'Processed', errors: requestErrors([error]) } }))
  log.info('a backup is not deleted', { deleteBackupRequest: ref.name, because: error })
  return { do: 'leave', because: error }
}

async function readBackup(
  cluster: Ports['cluster'],
  ref: DeletionRef,
  { spec }: DeleteBackupRequest,
): Promise<{ backup: Backup | undefined; location: BackupStorageLocation | undefined }> {
  const get = async <T>(resource: string, name: string | undefined) =>
    name ? ((await cluster.get(besideRequest(ref, resource, name))) as unknown as T | undefined) : undefined
  const backup = await get<Backup>('backups', spec.backupName)
  return { backup, location: await get('backupstoragelocations', backup?.spec.storageLocation) }
}

/** Deletes the requests for a backup, but one; with a uid only those for the Backup with it. */
async function deleteRequests(
  cluster: Ports['cluster'],
  { namespace }: DeletionRef,
  { backup, uid, but }: { backup: string; uid?: string; but?: string },
): Promise<void> {
  const ofUid = uid === undefined ? '' : `,${backupUidLabel}=${uid}`
  const labelSelector = `${backupNameLabel}=${validLabelValue(backup)}${ofUid}`
  const resource = { group: 'velero.io', version: 'v1', resource: 'deletebackuprequests' }
  for (const { metadata } of await cluster.list(resource, { namespace, labelSelector })) {
    if (metadata.name === but) continue
    await removeExactly(cluster, besideRequest({ namespace }, resource.resource, metadata.name), metadata.uid)
  }
}

/** Removes all files of the backup from the bucket. Safe to run twice. */
export function deleteBackupFiles(ports: DeletionPorts) {
  return (deleted: DeletedBackup): Promise<void> =>
    runActivity(ports.presence, frameOf(deleted.ref, 'the files'), async (attempt) => {
      const { backup } = deleted
      attempt.waitingFor(`location "${backup.location}"`)
      const { store } = await openDeleted(ports, deleted)
      await store.remove(await store.list(backupFolder(backup.name)))
    })
}

/** A running restore is cancelled first, which may take two minutes (workflow `deleteRestore`). Velero waits one minute. */
const restoresPatienceMs = 4 * 60_000

const lookSeconds = { first: 0.3, last: 5 } as const

/** Deletes the Restores of the backup, and looks until they are gone. Their own deletion removes their files. */
export function deleteRestoresOf({ cluster, presence, clock }: DeletionPorts) {
  return ({ ref, backup }: DeletedBackup): Promise<StepReport> =>
    runActivity(presence, frameOf(ref, 'the restores'), async (attempt) => {
      await readDeleted(cluster, { ref, backup })
      const resource = { group: 'velero.io', version: 'v1', resource: 'restores' }
      const all = (await cluster.list(resource, { namespace: ref.namespace })).map(asRestore)
      const left = all.filter(({ spec }) => spec.backupName === backup.name)
      const errors: string[] = []
      for (const { metadata } of left) {
        if (metadata.deletionTimestamp !== undefined) continue
        const at = besideRequest(ref, 'restores', metadata.name)
        const refusal = await refusalIn(async () => {
          if (await keepForFiles(cluster, at, metadata)) await removeExactly(cluster, at, metadata.uid)
        })
        if (refusal !== undefined) errors.push(`error deleting restore ${ref.namespace}/${metadata.name}: ${refusal}`)
      }
      if (left.length === 0 || errors.length > 0) return { errors: requestErrors(errors) }
      const names = left.map(({ metadata }) => metadata.name).join(', ')
      if (clock.now().getTime() > Context.current().info.scheduledTimestampMs + restoresPatienceMs)
        return {
          errors: [`error deleting restore ${names}: not deleted within ${restoresPatienceMs / 60_000} minutes`],
        }
      throw attempt.pause({
        waitingFor: `the deletion of restores ${names}`,
        afterSeconds: pauseAfter(attempt.number, lookSeconds),
      })
    })
}

/**
 * A Restore without Velero's finalizer, of an older Velero, would go at once and leave its files. Velero's server gives it to each
 * Restore that is over. False where it has been changed meanwhile: the next look sees it. Source: pkg/controller/restore_controller.go.
 */
async function keepForFiles(cluster: Cluster, at: ObjectRef, metadata: Manifest['metadata']): Promise<boolean> {
  const { uid, resourceVersion, finalizers = [] } = metadata
  if (finalizers.includes(restoreFinalizer)) return true
  const patch = { metadata: { uid, resourceVersion, finalizers: [...finalizers, restoreFinalizer] } }
  try {
    await cluster.patch(at, patch, { fieldManager: deletionFieldManager })
    return true
  } catch (thrown) {
    if (isNotFound(thrown) || isConflict(thrown)) return false
    throw thrown
  }
}

/** A request that the API server refuses to change is tried again for so long. */
const refusedMaxMs = 24 * 3600_000

/** How a deletion is ended. */
export interface EndedDeletion extends Pick<DeletedBackup, 'ref'> {
  /** Absent where the deletion could not begin. */
  backup?: DeletedBackup['backup']
  errors: readonly string[]
}

/**
 * Ends a deletion: without errors the Backup is deleted, and with it all requests for it; with errors it stays, and the request
 * tells them. A request that cannot be written is tried again here: otherwise the whole deletion would begin again. Safe to run twice.
 */
export function endDeletion({ cluster, presence, clock, log }: DeletionPorts) {
  return ({ ref, backup, errors }: EndedDeletion): Promise<void> =>
    runActivity(presence, { ...frameOf(ref, 'the end'), neverGivenUp: true }, async () => {
      const all = requestErrors(errors)
      if (all.length === 0 && backup !== undefined) {
        const at = besideRequest(ref, 'backups', backup.name)
        const refusal = await refusalIn(() => removeExactly(cluster, at, backup.uid))
        if (refusal !== undefined)
          all.push(...requestErrors([`error deleting backup ${ref.namespace}/${backup.name}: ${refusal}`]))
      }
      const refusal = await refusalIn(() =>
        changeRequest(cluster, ref, () => ({
          status: { phase: 'Processed', ...(all.length === 0 ? {} : { errors: all }) },
        })),
      )
      if (refusal !== undefined) throw notWritten(ref, refusal, clock.now())
      if (all.length > 0) return log.warn('a backup could not be deleted', { request: ref.name, errors: all })
      if (backup === undefined) return
      const kept = await refusalIn(() => deleteRequests(cluster, ref, { backup: backup.name, uid: backup.uid }))
      if (kept !== undefined) log.warn('a DeleteBackupRequest cannot be deleted', { backup: backup.name, error: kept })
      log.info('a backup is deleted', { backup: backup.name })
    })
}

function notWritten({ namespace, name }: DeletionRef, refusal: string, now: Date): Error {
  const request = `${namespace}/${name}`
  const isLate = now.getTime() > Context.current().info.scheduledTimestampMs + refusedMaxMs
  return isLate
    ? phaseRefused(`DeleteBackupRequest ${request} could not be written for a day: ${refusal}`)
    : requestNotWritten(request, refusal)
}

/** Deletes the local records of moved data: the DataUploads of the backup. Safe to run twice. */
export async function deleteDataUploads(
  cluster: Ports['cluster'],
  { ref, backup }: DeletedBackup,
): Promise<readonly string[]> {
  const resource = { group: 'velero.io', version: 'v2alpha1', resource: 'datauploads' }
  const labelSelector = `${backupNameLabel}=${validLabelValue(backup.name)}`
  const errors: string[] = []
  for (const { metadata } of await listIfServed(cluster, resource, { namespace: ref.namespace, labelSelector })) {
    const at = { ...resource, namespace: ref.namespace, name: metadata.name }
    const refusal = await refusalIn(() => removeExactly(cluster, at, metadata.uid))
    if (refusal !== undefined) errors.push(`error deleting dataupload "${metadata.name}": ${refusal}`)
  }
  return errors
}
