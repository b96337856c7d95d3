import { gunzipSync } from 'node:zlib'
import { createStores } from '../../infra/store/open-store.ts'
import { ApiError, StoreError } from '../../core/port-errors.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { restoreLogKey, restoreResultsKey } from '../../velero/object-keys.ts'
import type { Restore } from '../../velero/restore.ts'
import { ClientError } from './client-error.ts'
import type { Connections } from './connections.ts'
import { downloadFile } from './download-file.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { veleroRef } from './velero-objects.ts'

/** A result file is a few megabytes; what inflates past this is none. */
const inflatedBytesMax = 512 * 1024 * 1024

/** The files of a restore that people read, by the kind that a DownloadRequest has for them. */
const keys = { RestoreLog: restoreLogKey, RestoreResults: restoreResultsKey } as const

/**
 * Reads a gzipped file of a restore from its backup location. Whoever may not read the location's Secret, or does not
 * reach its bucket from here, has it downloaded as Velero's command line does. Undefined where the file is not there.
 */
export async function readResultFile(
  connections: Connections,
  restore: Restore,
  kind: keyof typeof keys,
): Promise<string | undefined> {
  const key = keys[kind](restore.metadata.name)
  const found = await readFile(connections, restore, key).catch(async (thrown: unknown) => {
    if (!isOutOfReach(thrown)) throw thrown
    // Why the file itself could not be read says more than why nobody helped.
    return downloadFile(connections, { kind, name: restore.metadata.name }).catch(() => {
      throw thrown
    })
  })
  return found === undefined ? undefined : inflate(found, key)
}

async function readFile(connections: Connections, restore: Restore, key: string): Promise<Buffer | undefined> {
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

/** What to say of a file that somebody else has written, or that did not arrive whole. */
export function damagedFile(key: string, cause: unknown): ClientError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ClientError(exitCodes.error, `${key} in the backup location is damaged: ${why}`, { cause })
}

function inflate(bytes: Buffer, key: string): string {
  try {
    return gunzipSync(bytes, { maxOutputLength: inflatedBytesMax }).toString('utf8')
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
}

async function locationOf(connections: Connections, restore: Restore): Promise<BackupStorageLocation> {
  const { connection, namespace } = connections
  const name = claimedLocation(restore) ?? (await backupLocation(connections, restore))
  const found =
    name === undefined
      ? undefined
      : await connection.cluster.get({ ...veleroRef('backupstoragelocations'), namespace, name })
  if (found !== undefined) return found as unknown as BackupStorageLocation
  throw new ClientError(
    exitCodes.error,
    `the backup location ${name === undefined ? `of restore "${restore.metadata.name}" is not known` : `"${name}" is not there`}`,
  )
}

/** The claim names the location, since the Backup may be gone by now. */
function claimedLocation(restore: Restore): string | undefined {
  return /, location (\S+)$/.exec(restore.metadata.annotations?.[claimedAnnotation] ?? '')?.[1]
}

async function backupLocation({ connection, namespace }: Connections, restore: Restore): Promise<string | undefined> {
  const { backupName } = restore.spec
  if (backupName === undefined || backupName === '') return undefined
  const backup = await connection.cluster.get({ ...veleroRef('backups'), namespace, name: backupName })
  return (backup as unknown as Backup | undefined)?.spec.storageLocation
}
