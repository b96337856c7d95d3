import { isConflict, isNotFound, isTransient } from '../core/port-errors.ts'
import { downloadRequestsCrd, servesFailedDownloads } from '../core/request/velero-api.ts'
import { decideDownload, downloadKey, hasNoFilesYet, isRestoreTarget } from './decide/downloads.ts'
import { rfc3339 } from '../velero/manifest.ts'
import type { BackupStorageLocation, Backup } from '../velero/backup.ts'
import { downloadSeconds } from '../velero/download-request.ts'
import type { DownloadRequest, DownloadTarget } from '../velero/download-request.ts'
import type { Restore } from '../velero/restore.ts'
import { serverFieldManager, veleroObject } from './ports.ts'
import type { ServerPorts } from './ports.ts'
import { workOnRequests } from './work-on-requests.ts'

/**
 * Answers DownloadRequests with addresses that are valid for ten minutes, and deletes them when these have passed. A
 * request for something that is not there, or that cannot be looked for, is never answered, as in Velero: only its expiration is set. What fails in
 * passing is tried again every 20 s, which also finds what the watch may have missed.
 */
export async function answerDownloads(ports: ServerPorts): Promise<void> {
  const requests = {
    resource: 'downloadrequests',
    kind: 'DownloadRequest',
    trouble: 'a DownloadRequest could not be answered yet',
    field: 'downloadRequest',
  }
  await workOnRequests<DownloadRequest>(ports, requests, (request) => answerOrDelete(ports, request))
}

async function answerOrDelete(ports: ServerPorts, request: DownloadRequest): Promise<void> {
  switch (decideDownload(request, ports.clock.now())) {
    case 'leave':
      return
    case 'delete': {
      const { uid } = request.metadata
      await ports.cluster.remove(refOf(ports, request), uid === undefined ? undefined : { uid })
      return
    }
    case 'answer': {
      const answer = await answerTo(ports, request.spec.target)
      const expiration = rfc3339(new Date(ports.clock.now().getTime() + downloadSeconds * 1000))
      const status = { expiration, ...statusOf(answer) }
      if ('never' in answer)
        ports.log.warn('a DownloadRequest cannot be answered', {
          downloadRequest: request.metadata.name,
          because: answer.never,
        })
      await patchStatus(ports, request, status)
    }
  }
}

function statusOf(answer: DownloadAnswer): NonNullable<DownloadRequest['status']> {
  if ('url' in answer) return { phase: 'Processed', downloadURL: answer.url }
  return answer.isTold === true ? { phase: 'Failed', message: answer.never } : {}
}

/** One that was answered or deleted meanwhile comes again by the watch. */
async function patchStatus(ports: ServerPorts, request: DownloadRequest, status: object): Promise<void> {
  const { uid, resourceVersion } = request.metadata
  try {
    await ports.cluster.patch(
      refOf(ports, request),
      { metadata: { uid, resourceVersion }, status },
      {
        fieldManager: serverFieldManager,
      },
    )
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error
  }
}

function refOf(ports: ServerPorts, { metadata }: DownloadRequest) {
  return veleroObject(ports, 'downloadrequests', metadata.name)
}

/** With what an answer is looked up. */
export type Lookup = Pick<ServerPorts, 'cluster' | 'stores' | 'namespace'>

/** An address; or why there can never be one, which after v1.18 is told in some cases. */
export type DownloadAnswer = { url: string } | { never: string; isTold?: boolean }

/**
 * The answer, or why there can never be one: then the request expires without one, as in Velero. Only trouble that may
 * pass is thrown.
 */
export async function answerTo(ports: Lookup, target: DownloadTarget): Promise<DownloadAnswer> {
  try {
    return await lookUp(ports, target)
  } catch (thrown) {
    if (isTransient(thrown)) throw thrown
    return { never: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

async function lookUp(ports: Lookup, target: DownloadTarget): Promise<DownloadAnswer> {
  const key = downloadKey(target)
  if (key === undefined) return { never: `its kind ${JSON.stringify(target.kind)} is not known` }
  const get = <T>(resource: string, name: string) =>
    ports.cluster.get(veleroObject(ports, resource, name)) as Promise<T | undefined>
  let backupName = target.name
  if (isRestoreTarget(target)) {
    const restore = await get<Restore>('restores', target.name)
    if (restore === undefined) return { never: `there is no restore ${JSON.stringify(target.name)}` }
    backupName = restore.spec.backupName ?? ''
    const tooEarly = hasNoFilesYet('restore', target.name, restore.status?.phase)
    if (tooEarly !== undefined && (await tellsFailures(ports))) return { never: tooEarly, isTold: true }
  }
  const backup = backupName === '' ? undefined : await get<Backup>('backups', backupName)
  if (backup === undefined) return { never: `there is no backup ${JSON.stringify(backupName)}` }
  const tooEarly = isRestoreTarget(target) ? undefined : hasNoFilesYet('backup', backupName, backup.status?.phase)
  if (tooEarly !== undefined && (await tellsFailures(ports))) return { never: tooEarly, isTold: true }
  const locationName = backup.spec.storageLocation ?? ''
  const location =
    locationName === '' ? undefined : await get<BackupStorageLocation>('backupstoragelocations', locationName)
  if (location === undefined) return { never: `there is no backup location ${JSON.stringify(locationName)}` }
  const store = await ports.stores.open(location)
  return { url: await store.presign(key, downloadSeconds) }
}

/** Whether the cluster's CRD has a phase for it. Without the right to read it, requests expire as in v1.18. */
async function tellsFailures({ cluster }: Lookup): Promise<boolean> {
  try {
    return servesFailedDownloads(await cluster.get(downloadRequestsCrd))
  } catch (thrown) {
    if (isTransient(thrown)) throw thrown
    return false
  }
}
