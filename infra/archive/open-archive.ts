import { open, stat, utimes, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { ArchiveEntry } from '../../activities/archive-port.ts'
import { ArchiveError } from '../../core/port-errors.ts'
import { readIndex, type ArchiveIndex } from './archive-index.ts'

/** An archive on the disk, open for reading. */
export interface OpenArchive {
  index: ArchiveIndex
  read(entry: ArchiveEntry): Promise<string>
  close(): Promise<void>
}

/**
 * Opens an archive of the cache; undefined where there is none. Throws `ArchiveError` of kind `damaged-cache` where
 * index or items are not as they were written.
 */
export async function openArchive(folder: string): Promise<OpenArchive | undefined> {
  let items: FileHandle
  try {
    items = await open(join(folder, 'items'), 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    if (await isThere(folder)) throw damaged(folder, 'its items are gone')
    return undefined
  }
  try {
    const index = await readIndexOf(folder)
    const { size } = await items.stat()
    if (size !== index.itemsBytes) throw damaged(folder, `its items have ${size} bytes, not ${index.itemsBytes}`)
    await markUsed(folder)
    const blocks = createBlocks(items)
    return { index, read: (entry) => readItem(folder, blocks, { entry, index }), close: () => items.close() }
  } catch (error) {
    await items.close()
    throw error
  }
}

/** The cache evicts what has been unused for the longest time, in whichever process. */
export async function markUsed(folder: string): Promise<void> {
  const now = new Date()
  await utimes(join(folder, 'index'), now, now).catch(() => {})
}

async function readIndexOf(folder: string): Promise<ArchiveIndex> {
  try {
    return await readIndex(join(folder, 'index'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw damaged(folder, 'its index is gone')
    throw error
  }
}

async function readItem(
  folder: string,
  blocks: Blocks,
  { entry, index }: { entry: ArchiveEntry; index: ArchiveIndex },
): Promise<string> {
  const { offset, sizeBytes } = entry
  if (sizeBytes === 0) return ''
  const checksum = index.entries.checksumAt(index.entries.placeOf(entry))
  if (checksum === undefined || offset + sizeBytes > index.itemsBytes)
    throw damaged(folder, 'an item is not in its index')
  const bytes = await blocks.read(offset, sizeBytes)
  if (bytes.length !== sizeBytes || crc32(bytes) !== checksum) {
    throw damaged(folder, `${entry.groupResource} ${entry.name} is not as it was written`)
  }
  return bytes.toString('utf8')
}

/** The bytes of items, read in blocks: a read of the disk for each item costs more than all else that is done with it here. */
interface Blocks {
  /** Fewer bytes than asked for where the file is shorter. */
  read(offset: number, sizeBytes: number): Promise<Buffer>
}

const blockBytes = 128 * 1024
/** Chunks of a restore, each of which reads one item after the other, go on side by side. */
const blocksMax = 8

function createBlocks(items: FileHandle): Blocks {
  /** The block that was read last at the end. */
  const kept = new Map<number, Promise<Buffer>>()
  const readFile = async (offset: number, sizeBytes: number): Promise<Buffer> => {
    const bytes = Buffer.allocUnsafeSlow(sizeBytes)
    const { bytesRead } = await items.read(bytes, 0, sizeBytes, offset)
    return bytes.subarray(0, bytesRead)
  }
  const readBlock = (number: number): Promise<Buffer> => {
    const known = kept.get(number)
    const block = known ?? readFile(number * blockBytes, blockBytes)
    kept.delete(number)
    kept.set(number, block)
    if (known !== undefined) return known
    block.catch(() => kept.delete(number))
    for (const oldest of kept.keys()) if (kept.size > blocksMax) kept.delete(oldest)
    return block
  }
  return {
    async read(offset, sizeBytes) {
      const number = Math.floor(offset / blockBytes)
      const from = offset - number * blockBytes
      if (from + sizeBytes > blockBytes) return readFile(offset, sizeBytes)
      return (await readBlock(number)).subarray(from, from + sizeBytes)
    },
  }
}

async function isThere(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  )
}

function damaged(folder: string, how: string): ArchiveError {
  return new ArchiveError('damaged-cache', `the archive copy in ${folder} is damaged: ${how}`)
}
