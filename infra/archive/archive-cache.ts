import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Archive } from '../../activities/archive-port.ts'
import type { Log } from '../../activities/ports.ts'
import { ArchiveError } from '../../core/port-errors.ts'
import type { ArchiveBounds } from './archive-bounds.ts'
import { archiveFolder, evictArchives, removeArchive } from './cache-folder.ts'
import { fetchArchive, type Wanted } from './fetch-archive.ts'
import { markUsed, openArchive, type OpenArchive } from './open-archive.ts'
import { shareTask, type SharedTask, type Waiter } from './shared-task.ts'

export interface CacheOptions {
  dir: string
  cacheBytesMax: number
  bounds: ArchiveBounds
  log: Log
}

export interface ArchiveCache {
  open(id: string, wanted: Wanted, waiter: Waiter): Promise<Archive>
}

/**
 * Hands out archives by id. Concurrent openers share one download and one open file, and the few archives that were
 * closed last stay open, since a restore opens its archive for every chunk.
 */
export function createCache(options: CacheOptions): ArchiveCache {
  const cache: Cache = { ...options, loading: new Map(), slots: new Map() }
  return {
    open: async (id, wanted, waiter) => {
      waiter.signal?.throwIfAborted()
      const slot = cache.slots.get(id) ?? (await load(cache, wanted, id).join(waiter))
      slot.users++
      await markUsed(archiveFolder(cache.dir, id))
      return lend(cache, slot)
    },
  }
}

interface Cache extends CacheOptions {
  loading: Map<string, SharedTask<Slot>>
  /** Open archives, the one that was closed last at the end. */
  slots: Map<string, Slot>
}

interface Slot {
  id: string
  opened: OpenArchive
  users: number
}

/** How many archives stay open that nobody uses. */
const idleMax = 4

function load(cache: Cache, wanted: Wanted, id: string): SharedTask<Slot> {
  const running = cache.loading.get(id)
  if (running !== undefined && !running.isAbandoned()) return running
  const task: SharedTask<Slot> = shareTask(async ({ signal, report }) => {
    try {
      const opened = await openOrFetch(cache, id, () => {
        const { dir, bounds, log } = cache
        return fetchArchive(wanted, { dir, bounds, log, id, signal, report })
      })
      // Held by its loader until those who wait for it have had their turn.
      const slot: Slot = { id, opened, users: 1 }
      cache.slots.set(id, slot)
      void nextTurn().then(() => release(cache, slot))
      return slot
    } finally {
      if (cache.loading.get(id) === task) cache.loading.delete(id)
    }
  })
  cache.loading.set(id, task)
  return task
}

/** A damaged copy is built anew once; one that is damaged again says that the disk is no good. */
async function openOrFetch(cache: Cache, id: string, fetch: () => Promise<void>): Promise<OpenArchive> {
  const folder = archiveFolder(cache.dir, id)
  try {
    const found = await openArchive(folder)
    if (found !== undefined) return found
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error
    cache.log.warn('a damaged archive copy is built anew', { reason: error.message })
    await removeArchive(cache.dir, id)
  }
  await fetch()
  const built = await openArchive(folder)
  if (built !== undefined) return built
  throw new ArchiveError('damaged-cache', `the archive copy in ${folder} was removed as soon as it was built`)
}

function lend(cache: Cache, slot: Slot): Archive {
  let isClosed = false
  const { index } = slot.opened
  return {
    etag: index.etag,
    hasResources: index.hasResources,
    entries: index.entries,
    read: async (entry) => {
      if (isClosed) throw new Error('read from an archive after its close')
      try {
        return await slot.opened.read(entry)
      } catch (error) {
        if (error instanceof ArchiveError) await discard(cache, slot)
        throw error
      }
    },
    close: async () => {
      if (isClosed) return
      isClosed = true
      await release(cache, slot)
    },
  }
}

/** Makes sure that the next one who opens the archive gets a fresh copy. */
async function discard(cache: Cache, slot: Slot): Promise<void> {
  if (cache.slots.get(slot.id) !== slot) return
  cache.slots.delete(slot.id)
  await removeArchive(cache.dir, slot.id)
}

async function release(cache: Cache, slot: Slot): Promise<void> {
  slot.users--
  if (slot.users > 0) return
  if (cache.slots.get(slot.id) !== slot) {
    await slot.opened.close()
    return
  }
  cache.slots.delete(slot.id)
  cache.slots.set(slot.id, slot)
  try {
    const idle = [...cache.slots.values()].filter(({ users }) => users === 0)
    await Promise.all(idle.slice(0, -idleMax).map((surplus) => closeSlot(cache, surplus)))
    await evictArchives({ ...cache, claim: (id) => claim(cache, id) })
  } catch (error) {
    cache.log.warn('the archive cache could not be tidied', { reason: (error as Error).message })
  }
}

/** Whether the archive is nobody's, so that it may be removed; nobody gets it from here any more. */
function claim(cache: Cache, id: string): boolean {
  const slot = cache.slots.get(id)
  if (cache.loading.has(id) || (slot !== undefined && slot.users > 0)) return false
  if (slot !== undefined) void closeSlot(cache, slot)
  return true
}

async function closeSlot(cache: Cache, slot: Slot): Promise<void> {
  cache.slots.delete(slot.id)
  await slot.opened.close().catch(() => {})
}
