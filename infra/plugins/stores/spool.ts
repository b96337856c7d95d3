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

/** Where objects lie, and how large one may be. */
export interface SpoolOptions {
  dir: string
  bytesMax: number
}

/** Gets the bytes of an object. `begin` is called for each try of that, and gives what takes them in order. */
type Download = (begin: () => (part: { data: Uint8Array }) => Promise<void>) => Promise<void>

/**
 * Downloads an object to a file. Plugins tell neither size nor ETag: both are known when all of it is there. The file has
 * no name while it is open, so none is left behind. Rejects with a `StoreError` for an object that is larger than it may be, and
 * for trouble of the disk, which passes when there is room again; else with the failure of the download.
 */
export async function spoolObject(options: SpoolOptions, key: string, download: Download): Promise<SpooledObject> {
  let file: SpoolFile | undefined
  let failure: StoreError | undefined
  const drop = async () => {
    const old = file
    file = undefined
    await old?.drop().catch(() => undefined)
  }
  const begin = () => {
    let isFirst = true
    return async ({ data }: { data: Uint8Array }) => {
      try {
        if (isFirst) await drop()
        isFirst = false
        file ??= await beginFile(options, key)
        await file.write(data)
      } catch (thrown) {
        failure = ofDisk(thrown, options.dir)
        throw thrown
      }
    }
  }
  try {
    await download(begin)
    file ??= await beginFile(options, key)
    return file.finish()
  } catch (thrown) {
    await drop()
    throw failure ?? thrown
  }
}

type SpoolFile = Awaited<ReturnType<typeof beginFile>>

async function beginFile({ dir, bytesMax }: SpoolOptions, key: string) {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  const path = join(dir, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  await rm(path)
  const md5 = createHash('md5')
  let sizeBytes = 0
  const drop = () => file.close()
  return {
    drop,
    async write(bytes: Uint8Array): Promise<void> {
      sizeBytes += bytes.length
      if (sizeBytes > bytesMax)
        throw new StoreError('refused', `object ${key} has more than ${bytesMax.toLocaleString('en-US')} bytes`)
      md5.update(bytes)
      await file.writeFile(bytes)
    },
    finish: (): SpooledObject => ({
      info: { etag: `"${md5.digest('hex')}"`, sizeBytes },
      body: () => file.createReadStream({ start: 0 }),
      drop,
    }),
  }
}

function ofDisk(thrown: unknown, dir: string): StoreError {
  if (thrown instanceof StoreError) return thrown
  const words = thrown instanceof Error ? thrown.message : String(thrown)
  return new StoreError('other', `the folder ${dir} of this worker: ${words}`)
}
