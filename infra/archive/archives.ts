import { createHash } from 'node:crypto'
import type { Archives, Log, ObjectStore } from '../../activities/ports.ts'
import { ArchiveError, StoreError } from '../../core/port-errors.ts'
import { defaultBounds, type ArchiveBounds } from './archive-bounds.ts'
import { toArchiveFailure } from './archive-failure.ts'
import { createCache, type ArchiveCache } from './archive-cache.ts'
import { secureFolder } from './cache-folder.ts'
import { missingTarball } from './fetch-archive.ts'
import type { Waiter } from './shared-task.ts'

export interface ArchivesOptions extends Partial<ArchiveBounds> {
  /** The cache folder; several processes may share it. */
  dir: string
  /** What all archives that nobody has open may take together. */
  cacheBytesMax: number
  log: Log
}

/**
 * Backup archives on the worker's disk: each tarball is downloaded and indexed once, whatever the number of restores
 * and activities that read it, and kept until the room is needed. The tarball's identity is store, key and ETag, so
 * a replaced tarball is another archive.
 */
export function createArchives(options: ArchivesOptions): Archives {
  const { dir, cacheBytesMax, log, ...bounds } = options
  const cache = createCache({ dir, cacheBytesMax, log, bounds: { ...defaultBounds, ...bounds } })
  return {
    open: async (store, key, { etag, signal, onProgress }) => {
      signal?.throwIfAborted()
      try {
        await secureFolder(dir)
        const waiter = { signal, onProgress }
        return await (etag === undefined
          ? openNewest(cache, { store, key, waiter })
          : openPinned(cache, { store, key, etag, waiter }))
      } catch (error) {
        signal?.throwIfAborted()
        throw toArchiveFailure(error, dir)
      }
    },
  }
}

interface Request {
  store: ObjectStore
  key: string
  waiter: Waiter
}

/** A tarball that is replaced between the two requests is asked for again; a backup is finished twice at most. */
async function openNewest(cache: ArchiveCache, request: Request): ReturnType<ArchiveCache['open']> {
  for (let attempt = 1; ; attempt++) {
    const etag = await currentEtag(request)
    try {
      return await openPinned(cache, { ...request, etag })
    } catch (error) {
      if (!(error instanceof ArchiveError) || error.kind !== 'changed' || attempt === 3) throw error
    }
  }
}

function openPinned(cache: ArchiveCache, request: Request & { etag: string }): ReturnType<ArchiveCache['open']> {
  const { store, key, etag, waiter } = request
  const id = createHash('sha256')
    .update(JSON.stringify([store.id, key, etag]))
    .digest('hex')
  return cache.open(id, { store, key, etag }, waiter)
}

async function currentEtag({ store, key }: Request): Promise<string> {
  const found = await store.head(key)
  if (found !== undefined) return found.etag
  // Only a download has the words that Velero's users know.
  try {
    const { info, body } = await store.stream(key)
    body.destroy()
    return info.etag
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'missing') throw missingTarball(error)
    throw error
  }
}
