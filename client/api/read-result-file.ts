import { gunzipSync } from 'node:zlib'
import { ApiError, StoreError } from '../../core/port-errors.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { ObjectStore } from '../../activities/ports.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import {
  restoreItemOperationsKey,
  restoreLogKey,
  restoreReportKey,
  restoreResourceListKey,
  restoreResultsKey,
} from '../../velero/object-keys.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { downloadFile } from './download-file.ts'
import type { ReadOptions } from './download-file.ts'
import { ClientError, exitCodes, messageOf } from './errors.ts'
import { veleroRef } from './velero-objects.ts'

/** A result file has a few megabytes. A file that inflates to more than this is refused. */
const inflatedBytesMax = 512 * 1024 * 1024

/** The object key of each file, by the kind that a DownloadRequest has for it. */
const keys = {
  RestoreLog: restoreLogKey,
  RestoreResults: restoreResultsKey,
  RestoreResourceList: restoreResourceListKey,
  RestoreItemOperations: restoreItemOperationsKey,
} as const

/**
 * Reads a gzipped file of a restore from its backup location and returns its text; undefined where it does not exist. A user
 * who may not read the Secret of the location, or cannot reach its bucket, or whose bucket needs a plugin, gets it by a DownloadRequest, as with Velero's
 * command line. Throws a `ClientError` about a damaged file, else the error of the API server or the bucket.
 */
export async function readResultFile(
  connections: Connections,
  restore: Restore,
  kind: keyof typeof keys,
  options: ReadOptions = {},
): Promise<string | undefined> {
  const { name } = restore.metadata
  const key = keys[kind](name)
  const bytes = await readFromBucket(connections, restore, { key, options }).catch(async (thrown: unknown) => {
    if (!isOutOfReach(thrown)) throw thrown
    const caCert = options.caCert ?? (await inlineCaCert(connections, restore))
    // Why the bucket cannot be read says more than why the download failed.
    return downloadFile(connections, { kind, name }, { ...options, caCert }).catch(() => {
      throw thrown
    })
  })
  return bytes === undefined ? undefined : inflate(bytes, key)
}

/**
 * Reads a gzipped file of Drydock, which no DownloadRequest knows, from the backup location of a restore; undefined where it
 * does not exist. Throws a `ClientError` about a damaged file, else the error of the API server or the bucket.
 */
export async function readOwnFile(
  connections: Connections,
  restore: Restore,
  key: string,
  options: ReadOptions,
): Promise<string | undefined> {
  const bytes = await readFromBucket(connections, restore, { key, options })
  return bytes === undefined ? undefined : inflate(bytes, key)
}

/**
 * Reads a page of Drydock from the backup location of a restore; undefined where it does not exist. Throws the error of the API server
 * or the bucket.
 */
export async function readPage(
  connections: Connections,
  restore: Restore,
  { key, options }: { key: string; options: ReadOptions },
): Promise<string | undefined> {
  return (await readFromBucket(connections, restore, { key, options }))?.toString('utf8')
}

/** The error about a file in the bucket that is incomplete or was changed. */
export function damagedFile(key: string, cause: unknown): ClientError {
  return new ClientError(exitCodes.error, `${key} in the backup location is damaged: ${messageOf(cause)}`, {
    code: 'BUCKET',
    cause,
  })
}

function inflate(bytes: Buffer, key: string): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: inflatedBytesMax }).toString('utf8')
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
}

/** The report that a worker has written; undefined where there is none, or where the bucket is out of reach. */
export async function readReportFile(
  connections: Connections,
  restore: Restore,
  options: ReadOptions = {},
): Promise<string | undefined> {
  try {
    const key = restoreReportKey(restore.metadata.name)
    return (await readFromBucket(connections, restore, { key, options }))?.toString('utf8')
  } catch (thrown) {
    if (isOutOfReach(thrown)) return undefined
    throw thrown
  }
}

async function readFromBucket(
  connections: Connections,
  restore: Restore,
  { key, options }: { key: string; options: ReadOptions },
): Promise<Buffer | undefined> {
  return (await openBucket(connections, restore, options)).get(key)
}

/** Opens the backup location of a restore with the credentials of its Secret. Throws the error of the API server or the bucket. */
export async function openBucket(
  connections: Connections,
  restore: Restore,
  options: ReadOptions = {},
): Promise<ObjectStore> {
  return openStore(connections, withTls(await locationOf(connections, restore), options))
}

/** Opens the bucket of a location with the credentials of its Secret. */
export async function openStore(
  { connection, namespace }: Connections,
  location: BackupStorageLocation,
): Promise<ObjectStore> {
  // Loaded only where the bucket is read.
  const { createStores } = await import('../../infra/store/open-store.ts')
  return createStores({ cluster: connection.cluster, veleroNamespace: namespace, env: process.env }).open(location)
}

/** The location with the certificate and the trust that the user asks for, in place of its own. */
function withTls(
  location: BackupStorageLocation,
  { caCert, insecureSkipTlsVerify }: ReadOptions,
): BackupStorageLocation {
  const { config = {}, objectStorage } = location.spec
  const { caCertRef: _, ...bucket } = objectStorage ?? { bucket: '' }
  const certificate = { ...bucket, caCert: Buffer.from(caCert ?? '').toString('base64') }
  return {
    ...location,
    spec: {
      ...location.spec,
      config: insecureSkipTlsVerify === true ? { ...config, insecureSkipTLSVerify: 'true' } : config,
      ...(caCert === undefined ? {} : { objectStorage: certificate }),
    },
  }
}

/** The certificate that stands in the location itself; a user may read that without its Secret. */
async function inlineCaCert(connections: Connections, restore: Restore): Promise<string | undefined> {
  const location = await locationOf(connections, restore).catch(() => undefined)
  const caCert = location?.spec.objectStorage?.caCert
  return caCert === undefined || caCert === '' ? undefined : Buffer.from(caCert, 'base64').toString('utf8')
}

function isOutOfReach(thrown: unknown): boolean {
  if (thrown instanceof StoreError) return ['plugin', 'credentials', 'denied', 'unreachable'].includes(thrown.kind)
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
