import { hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import type { Log } from '../../activities/ports.ts'
import type { ArchiveBounds } from './archive-bounds.ts'
import { IndexBuilder } from './archive-index.ts'
import { createPathParser } from './archive-path.ts'
import { gunzip } from './gunzip.ts'
import { type TarFile, readTar } from './read-tar.ts'
import type { ItemPlace } from './packed-entries.ts'

export interface BuildOptions {
  /** An empty folder of our own. */
  folder: string
  etag: string
  bounds: ArchiveBounds
  log: Log
}

/**
 * Streams a tarball into a folder: the items' bytes in one file, where each item stands in another. Equal items are
 * stored once, since Velero puts each item in the archive twice; of two files with one name the last counts, as on
 * a disk. Nothing waits until the disk has it: what a crash of the machine takes is missed by the checksums of index and items.
 */
export async function buildArchive(tarball: Readable, { folder, etag, bounds, log }: BuildOptions): Promise<void> {
  const file = await createItemsFile(join(folder, 'items'))
  const index = new IndexBuilder(bounds)
  const gathered: Gathered = {
    parsePath: createPathParser(),
    index,
    stored: new Map(),
    hasResources: false,
    strayPaths: [],
    strays: 0,
  }
  try {
    for await (const entry of readTar(gunzip(tarball, bounds), bounds)) await gather(entry, gathered, file)
    await file.close()
  } catch (error) {
    await file.abandon()
    throw error
  }
  if (gathered.strays > 0) {
    log.warn('files of the archive that are no items are passed over', {
      count: gathered.strays,
      first: gathered.strayPaths,
    })
  }
  const head = { etag, hasResources: gathered.hasResources, itemsBytes: file.sizeBytes() }
  await index.write(join(folder, 'index'), head)
}

interface Gathered {
  parsePath: ReturnType<typeof createPathParser>
  index: IndexBuilder
  /** Where bytes with that hash are stored. */
  stored: Map<string, ItemPlace>
  hasResources: boolean
  strays: number
  strayPaths: string[]
}

async function gather(entry: TarFile, gathered: Gathered, file: ItemsFile): Promise<void> {
  const { path, isFolder } = entry
  if (path.startsWith('resources/') || (path === 'resources' && isFolder)) gathered.hasResources = true
  if (isFolder) return
  const place = gathered.parsePath(path)
  if (place === undefined) {
    noteStray(path, gathered)
    return
  }
  const bytes = await entry.read()
  gathered.index.set(place, await store(bytes, gathered.stored, file))
}

async function store(bytes: Buffer, stored: Map<string, ItemPlace>, file: ItemsFile): Promise<ItemPlace> {
  const digest = hash('sha256', bytes, 'base64')
  const known = stored.get(digest)
  if (known !== undefined) return known
  const fresh = { offset: await file.append(bytes), sizeBytes: bytes.length, crc: crc32(bytes) }
  stored.set(digest, fresh)
  return fresh
}

function noteStray(path: string, gathered: Gathered): void {
  if (!path.startsWith('resources/')) return
  gathered.strays++
  if (gathered.strayPaths.length < 5) gathered.strayPaths.push(path)
}

/** The file that holds the bytes of all items, one after the other. */
interface ItemsFile {
  /** Where the bytes stand. */
  append(bytes: Buffer): Promise<number>
  sizeBytes(): number
  close(): Promise<void>
  abandon(): Promise<void>
}

/**
 * Creates the file. Items are small and many, so they are gathered to few large writes; they are copied, since a
 * slice would keep the whole inflated chunk around it in memory.
 */
async function createItemsFile(path: string): Promise<ItemsFile> {
  const handle = await open(path, 'wx', 0o600)
  const batch = Buffer.allocUnsafe(batchBytes)
  let batched = 0
  let size = 0
  const writeAll = async (bytes: Buffer): Promise<void> => {
    let written = 0
    while (written < bytes.length) written += (await handle.write(bytes, written)).bytesWritten
  }
  const flush = async (): Promise<void> => {
    await writeAll(batch.subarray(0, batched))
    batched = 0
  }
  return {
    append: async (bytes) => {
      const offset = size
      if (batched + bytes.length > batchBytes) await flush()
      if (bytes.length > batchBytes) await writeAll(bytes)
      else batched += bytes.copy(batch, batched)
      size += bytes.length
      return offset
    },
    sizeBytes: () => size,
    close: async () => {
      await flush()
      await handle.close()
    },
    abandon: () => handle.close().catch(() => {}),
  }
}

const batchBytes = 1024 * 1024
