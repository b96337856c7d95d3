import { isConflict, isNotFound, StoreError } from '../core/port-errors.ts'
import { decideDownload } from './decide/decide-download.ts'
import { downloadKey, isRestoreTarget } from './decide/download-key.ts'
import { rfc3339 } from '../velero/manifest.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import type { BackupStorageLocation, Backup } from '../velero/backup.ts'
import { downloadSeconds } from '../velero/download-request.ts'
import type { DownloadRequest, DownloadTarget } from '../velero/download-request.ts'
import type { Manifest } from '../velero/manifest.ts'
import type { Restore } from '../velero/restore.ts'
import { repeat } from './repeat.ts'
import { serverFieldManager, veleroObject, veleroResource } from './server-desk.ts'
import type { ServerDesk } from './server-desk.ts'

const sweepMs = 20_000

/**
 * Answers DownloadRequests with addresses that are good for ten minutes, and deletes them when these have passed. One
 * that names what is not there is never answered, as in Velero: only its end is set. Trouble that passes is tried
 * again by the sweep, which also makes up for what the watch may have missed.
 */
export async function answerDownloads(desk: ServerDesk): Promise<void> {
  const open = new Map<string, DownloadRequest>()
  const busy = new Set<string>()
  const look = async (request: DownloadRequest): Promise<void> => {
    const uid = request.metadata.uid ?? ''
    if (busy.has(uid) || desk.signal.aborted) return
    busy.add(uid)
    try {
      await settle(desk, request)
    } catch (error) {
      desk.log.warn('a DownloadRequest could not be answered yet', {
        downloadRequest: request.metadata.name,
        error: String(error),
      })
    } finally {
      busy.delete(uid)
    }
  }
  const watching = watchResource({
    connection: desk.connection,
    resource: veleroResource('downloadrequests'),
    namespace: desk.namespace,
    onChange: (manifest) => {
      const request = asRequest(manifest)
      open.set(request.metadata.uid ?? '', request)
      void look(request)
    },
    onGone: (manifest) => open.delete(manifest.metadata.uid ?? ''),
    onSynced: () => undefined,
    signal: desk.signal,
    log: desk.log,
  })
  const sweeping = repeat({ ...desk, what: 'sweep DownloadRequests', everyMs: sweepMs }, async () => {
    for (const request of open.values()) await look(request)
  })
  await Promise.all([watching, sweeping])
}

function asRequest(manifest: Manifest): DownloadRequest {
  return manifest as unknown as DownloadRequest
}

async function settle(desk: ServerDesk, request: DownloadRequest): Promise<void> {
  switch (decideDownload(request, desk.clock.now())) {
    case 'leave':
      return
    case 'delete': {
      const { uid } = request.metadata
      await desk.cluster.remove(refOf(desk, request), uid === undefined ? undefined : { uid })
      return
    }
    case 'answer': {
      const answer = await answerTo(desk, request.spec.target)
      const expiration = rfc3339(new Date(desk.clock.now().getTime() + downloadSeconds * 1000))
      const status = 'url' in answer ? { phase: 'Processed', downloadURL: answer.url, expiration } : { expiration }
      if ('never' in answer)
        desk.log.warn('a DownloadRequest cannot be answered', {
          downloadRequest: request.metadata.name,
          because: answer.never,
        })
      await patchStatus(desk, request, status)
    }
  }
}

/** One that was answered or deleted meanwhile comes again by the watch. */
async function patchStatus(desk: ServerDesk, request: DownloadRequest, status: object): Promise<void> {
  const { uid, resourceVersion } = request.metadata
  try {
    await desk.cluster.patch(
      refOf(desk, request),
      { metadata: { uid, resourceVersion }, status },
      {
        fieldManager: serverFieldManager,
      },
    )
  } catch (error) {
    if (!isConflict(error) && !isNotFound(error)) throw error
  }
}

function refOf(desk: ServerDesk, { metadata }: DownloadRequest) {
  return veleroObject(desk, 'downloadrequests', metadata.name)
}

async function answerTo(desk: ServerDesk, target: DownloadTarget): Promise<{ url: string } | { never: string }> {
  const key = downloadKey(target)
  if (key === undefined) return { never: `its kind ${JSON.stringify(target.kind)} is not known` }
  const get = <T>(resource: string, name: string) =>
    desk.cluster.get(veleroObject(desk, resource, name)) as Promise<T | undefined>
  let backupName = target.name
  if (isRestoreTarget(target)) {
    const restore = await get<Restore>('restores', target.name)
    if (restore === undefined) return { never: `there is no restore ${JSON.stringify(target.name)}` }
    backupName = restore.spec.backupName ?? ''
  }
  const backup = backupName === '' ? undefined : await get<Backup>('backups', backupName)
  if (backup === undefined) return { never: `there is no backup ${JSON.stringify(backupName)}` }
  const locationName = backup.spec.storageLocation ?? ''
  const location =
    locationName === '' ? undefined : await get<BackupStorageLocation>('backupstoragelocations', locationName)
  if (location === undefined) return { never: `there is no backup location ${JSON.stringify(locationName)}` }
  try {
    const store = await desk.stores.open(location)
    return { url: await store.presign(key, downloadSeconds) }
  } catch (error) {
    if (error instanceof StoreError) return { never: error.message }
    throw error
  }
}
