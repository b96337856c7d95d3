import type { Readable } from 'node:stream'
import type { Log, ObjectStore } from '../../activities/ports.ts'
import { ArchiveError, StoreError } from '../../core/port-errors.ts'
import type { ArchiveBounds } from './archive-bounds.ts'
import { toArchiveFailure } from './archive-failure.ts'
import { buildArchive } from './build-archive.ts'
import { cleanWorkFolders, createWorkFolder, dropWorkFolder, publishFolder, touchFolder } from './cache-folder.ts'

export interface Wanted {
  store: ObjectStore
  key: string
  etag: string
}

export interface FetchOptions {
  dir: string
  id: string
  bounds: ArchiveBounds
  log: Log
  signal: AbortSignal
  report: (bytes: number) => void
}

/** Downloads and indexes one tarball into the cache. Whatever goes wrong, no half archive is left. */
export async function fetchArchive(wanted: Wanted, options: FetchOptions): Promise<void> {
  const { dir, id, signal } = options
  try {
    await cleanWorkFolders(dir)
    const work = await createWorkFolder(dir)
    try {
      await download(wanted, work, options)
      signal.throwIfAborted()
      await publishFolder(dir, work, id)
    } finally {
      await dropWorkFolder(work)
    }
  } catch (error) {
    signal.throwIfAborted()
    throw toArchiveFailure(error, dir)
  }
}

/** The failure that Velero reports where there is no tarball. */
export function missingTarball(error: StoreError): ArchiveError {
  return new ArchiveError('missing', `error downloading backup: error copying Backup to temp file: ${error.message}`)
}

/** Rule 10: a restore that has begun with one tarball never goes on with another. */
export function changedTarball(key: string, wantedEtag: string, foundEtag: string): ArchiveError {
  return new ArchiveError(
    'changed',
    `the tarball ${key} was replaced since the restore began: its ETag is ${foundEtag}, wanted is ${wantedEtag}`,
  )
}

async function download(wanted: Wanted, work: string, options: FetchOptions): Promise<void> {
  const { signal, report, bounds, log } = options
  const body = await openTarball(wanted)
  const abort = (): void => void body.destroy(signal.reason as Error)
  signal.addEventListener('abort', abort, { once: true })
  const touch = setInterval(() => void touchFolder(work), 5_000)
  let bytes = 0
  body.on('data', (chunk: Buffer) => report((bytes += chunk.length)))
  // Counting alone must not set it flowing before anybody reads, nor a failure at that moment end the process.
  body.on('error', () => {})
  body.pause()
  try {
    signal.throwIfAborted()
    await buildArchive(body, { folder: work, etag: wanted.etag, bounds, log })
  } finally {
    clearInterval(touch)
    signal.removeEventListener('abort', abort)
    body.destroy()
  }
}

async function openTarball({ store, key, etag }: Wanted): Promise<Readable> {
  try {
    return (await store.stream(key, { etag })).body
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (error.kind === 'missing') throw missingTarball(error)
    if (error.kind !== 'changed') throw error
    const found = await store.head(key)
    throw changedTarball(key, etag, found?.etag ?? 'none')
  }
}
