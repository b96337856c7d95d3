import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { ObjectInfo } from '../../../activities/ports.ts'
import { StoreError } from '../../../core/port-errors.ts'

/** An object on the disk of the worker, which nobody else can open. */
export interface SpooledObject {
  info: ObjectInfo
  /** Gives it out once; after that it is gone. */
  body(): Readable
  /** Frees its place without reading it. */
  drop(): Promise<void>
}

/** Takes the bytes of one object. */
export interface SpoolWriter {
  write(bytes: Uint8Array): Promise<void>
  /** All of it is written. */
  finish(): SpooledObject
  /** Frees its place. */
  drop(): Promise<void>
}

/**
 * Begins a file for an object that is downloaded. Plugins tell neither size nor ETag: both are known when all of it is there.
 * The file has no name any more while it is open, so none is left behind. Rejects with a `StoreError` where the object
 * has more than so many bytes.
 */
export async function beginSpool(
  dir: string,
  { key, bytesMax }: { key: string; bytesMax: number },
): Promise<SpoolWriter> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  const md5 = createHash('md5')
  let sizeBytes = 0
  const drop = () => file.close()
  return {
    drop,
    async write(bytes) {
      sizeBytes += bytes.length
      if (sizeBytes > bytesMax)
        throw new StoreError('refused', `object ${key} has more than ${bytesMax.toLocaleString('en-US')} bytes`)
      md5.update(bytes)
      await file.writeFile(bytes)
    },
    finish: () => ({
      info: { etag: `"${md5.digest('hex')}"`, sizeBytes },
      body: () => file.createReadStream({ start: 0 }),
      drop,
    }),
  }
}
