import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { ApiError, StoreError } from '../../core/port-errors.ts'
import { createStores } from '../../infra/store/open-store.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { DownloadRequest, DownloadTarget } from '../../velero/download-request.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { restoreLogKey, restoreResultsKey } from '../../velero/object-keys.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { ClientError, exitCodes, messageOf } from './errors.ts'
import { veleroRef } from './velero-objects.ts'

/** A result file has a few megabytes. A file that inflates to more than this is refused. */
const inflatedBytesMax = 512 * 1024 * 1024

/** The object key of each file, by the kind that a DownloadRequest has for it. */
const keys = { RestoreLog: restoreLogKey, RestoreResults: restoreResultsKey } as const

/**
 * Reads a gzipped file of a restore from its backup location and returns its text; undefined where it does not exist. A user
 * who may not read the Secret of the location, or cannot reach its bucket, gets it by a DownloadRequest, as with Velero's
 * command line. Throws a `ClientError` about a damaged file, else the error of the API server or the bucket.
 */
export async function readResultFile(
  connections: Connections,
  restore: Restore,
  kind: keyof typeof keys,
): Promise<string | undefined> {
  const key = keys[kind](restore.metadata.name)
  const bytes = await readFromBucket(connections, restore, key).catch(async (thrown: unknown) => {
    if (!isOutOfReach(thrown)) throw thrown
    // Why the bucket cannot be read says more than why the download failed.
    return downloadFile(connections, { kind, name: restore.metadata.name }).catch(() => {
      throw thrown
    })
  })
  return bytes === undefined ? undefined : inflate(bytes, key)
}

/** The error about a file in the bucket that is incomplete or was changed. */
export function damagedFile(key: string, cause: unknown): ClientError {
  return new ClientError(exitCodes.error, `${key} in the backup location is damaged: ${messageOf(cause)}`, { cause })
}

function inflate(bytes: Buffer, key: string): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: inflatedBytesMax }).toString('utf8')
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
}

async function readFromBucket(connections: Connections, restore: Restore, key: string): Promise<Buffer | undefined> {
  const location = await locationOf(connections, restore)
  const stores = createStores({
    cluster: connections.connection.cluster,
    veleroNamespace: connections.namespace,
    env: process.env,
  })
  return (await stores.open(location)).get(key)
}

function isOutOfReach(thrown: unknown): boolean {
  if (thrown instanceof StoreError) return ['credentials', 'denied', 'unreachable'].includes(thrown.kind)
  return thrown instanceof ApiError && thrown.code === 403
}

async function locationOf(connections: Connections, restore: Restore): Promise<BackupStorageLocation> {
  const { connection, namespace } = connections
  const name = claimedLocation(restore) ?? (await backupLocation(connections, restore))
  if (name === undefined)
    throw new ClientError(exitCodes.error, `the backup location of restore "${restore.metadata.name}" is not known`)
  const found = await connection.cluster.get({ ...veleroRef('backupstoragelocations'), namespace, name })
  if (found === undefined) throw new ClientError(exitCodes.error, `the backup location "${name}" is not there`)
  return found as unknown as BackupStorageLocation
}

/** The annotation of a claimed Restore names the location, so its Backup may have been deleted. */
function claimedLocation(restore: Restore): string | undefined {
  return /, location (\S+)$/.exec(restore.metadata.annotations?.[claimedAnnotation] ?? '')?.[1]
}

async function backupLocation({ connection, namespace }: Connections, restore: Restore): Promise<string | undefined> {
  const { backupName } = restore.spec
  if (backupName === undefined || backupName === '') return undefined
  const backup = await connection.cluster.get({ ...veleroRef('backups'), namespace, name: backupName })
  return (backup as unknown as Backup | undefined)?.spec.storageLocation
}

/** A DownloadRequest is answered within a second or two. */
const answerMsMax = 10_000
const answerPollMs = 300
const downloadMsMax = 60_000

/** Downloads a file by a DownloadRequest, which a Velero server or a worker answers with a presigned URL. */
async function downloadFile(
  { connection: { cluster }, namespace }: Connections,
  target: DownloadTarget,
): Promise<Buffer | undefined> {
  const ref = veleroRef('downloadrequests')
  const name = `${target.name.slice(0, 200)}-${randomBytes(5).toString('hex')}`
  const request: DownloadRequest = {
    apiVersion: 'velero.io/v1',
    kind: 'DownloadRequest',
    metadata: { name, namespace },
    spec: { target },
  }
  await cluster.create(ref, namespace, request, { fieldManager: 'drydock-client' })
  try {
    const url = await awaitUrl(
      async () => (await cluster.get({ ...ref, namespace, name })) as DownloadRequest | undefined,
    )
    if (url === undefined) throw new Error(`nobody has answered DownloadRequest ${name} within ${answerMsMax / 1000} s`)
    const answer = await fetch(url, { signal: AbortSignal.timeout(downloadMsMax) })
    if (answer.status === 404) return undefined
    if (!answer.ok) throw new Error(`the bucket answers a download with ${answer.status} ${answer.statusText}`)
    return Buffer.from(await answer.arrayBuffer())
  } finally {
    // A request that stays is deleted when it expires.
    await cluster.remove({ ...ref, namespace, name }).catch(() => undefined)
  }
}

async function awaitUrl(read: () => Promise<DownloadRequest | undefined>): Promise<string | undefined> {
  for (const deadline = performance.now() + answerMsMax; performance.now() < deadline; await sleep(answerPollMs)) {
    const { phase, downloadURL } = (await read())?.status ?? {}
    if (phase === 'Processed' && downloadURL !== undefined && downloadURL !== '') return downloadURL
  }
  return undefined
}
