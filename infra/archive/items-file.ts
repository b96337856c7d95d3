import { open } from 'node:fs/promises'

/** The file that holds the bytes of all items, one after the other. */
export interface ItemsFile {
  /** Where the bytes stand. */
  append(bytes: Buffer): Promise<number>
  sizeBytes(): number
  /** Puts everything on the disk. */
  close(): Promise<void>
  abandon(): Promise<void>
}

/**
 * Creates the file. Items are small and many, so they are gathered to few large writes; they are copied, since a
 * slice would keep the whole inflated chunk around it in memory.
 */
export async function createItemsFile(path: string): Promise<ItemsFile> {
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
      await handle.datasync()
      await handle.close()
    },
    abandon: () => handle.close().catch(() => {}),
  }
}

const batchBytes = 1024 * 1024
