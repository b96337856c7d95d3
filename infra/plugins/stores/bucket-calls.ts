import { PluginError, StoreError } from '../../../core/port-errors.ts'
import type { UsedBinary } from '../used-binary.ts'
import { spoolObject } from './spool.ts'
import type { SpooledObject, SpoolOptions } from './spool.ts'
import { kindOfWords } from './store-failure.ts'
import type { PluginPlace } from './store-failure.ts'
import { storeMethods } from './store-protocol.ts'

/** A bucket, and the processes of the plugin that serve it. */
export interface BucketCallsOptions {
  place: PluginPlace
  /** Empty, or ends with a slash. */
  root: string
  binary: UsedBinary
  /** A process of its own, since a large object takes long and other calls would wait for their turn. */
  downloads: UsedBinary
  spool: SpoolOptions
}

/** Calls of a plugin with keys under the location's prefix. Failures are `PluginError`s, or `StoreError`s of the worker's own. */
export interface BucketCalls {
  fullKey(key: string): string
  exists(key: string): Promise<boolean>
  /** The whole object; undefined where it is not there. */
  get(key: string): Promise<Buffer | undefined>
  put(key: string, body: Buffer): Promise<void>
  /** Removes an object; a missing one is no error. */
  remove(key: string): Promise<void>
  list(prefix: string): Promise<string[]>
  folders(under: string): Promise<string[]>
  sign(key: string, seconds: number): Promise<string>
  /** Downloads an object onto the disk; undefined where it is not there. */
  spool(key: string): Promise<SpooledObject | undefined>
  /** The same with the plugin's words where it is not there. */
  spoolOrThrow(key: string): Promise<SpooledObject>
}

/** An object that is read whole has at most so many bytes, as with S3. */
const wholeBytesMax = 256 * 1024 * 1024

/** Makes the calls of one bucket. */
export function createBucketCalls({ place, root, binary, downloads, spool }: BucketCallsOptions): BucketCalls {
  const { plugin, bucket } = place
  const at = (key: string) => ({ plugin, bucket, key: root + key })
  let isBucketThere = false

  /** To plugins an object in a bucket that is not there is just missing. A listing of such a bucket fails. */
  async function findBucket(): Promise<void> {
    if (!isBucketThere)
      await binary.call(plugin, storeMethods.listFolders, { plugin, bucket, prefix: root, delimiter: '/' })
    isBucketThere = true
  }

  async function exists(key: string): Promise<boolean> {
    const found = await binary.call(plugin, storeMethods.exists, at(key))
    if (!found.exists) await findBucket()
    return found.exists
  }

  async function orNoBucket(call: Promise<unknown>): Promise<void> {
    await call.catch(async (thrown: unknown) => {
      if (thrown instanceof PluginError && thrown.kind === 'answer') await findBucket()
      throw thrown
    })
  }

  /** Undefined where the call failed since there is no such object. Other failures are thrown on. */
  async function orMissing<T>(key: string, call: Promise<T>): Promise<T | undefined> {
    try {
      return await call
    } catch (thrown) {
      if (!(thrown instanceof PluginError) || thrown.kind !== 'answer') throw thrown
      if (kindOfWords(thrown.message) === 'no-bucket' || (await exists(key))) throw thrown
      return undefined
    }
  }

  const download = (key: string) =>
    spoolObject(spool, root + key, (begin) => downloads.download(plugin, storeMethods.get, at(key), begin))

  /** Where the bucket is missing, that is the failure. */
  async function spoolOrThrow(key: string): Promise<SpooledObject> {
    const call = download(key)
    return (await orMissing(key, call)) ?? call
  }

  return {
    fullKey: (key) => root + key,
    exists,
    get: (key) => orMissing(key, getWhole(binary, at(key))),
    put: (key, body) => orNoBucket(binary.call(plugin, storeMethods.put, { ...at(key), body })),
    remove: async (key) => void (await orMissing(key, binary.call(plugin, storeMethods.remove, at(key)))),
    ...listers({ place, root, binary }),
    spool: (key) => orMissing(key, download(key)),
    spoolOrThrow,
  }
}

function listers({
  place: { plugin, bucket },
  root,
  binary,
}: Pick<BucketCallsOptions, 'place' | 'root' | 'binary'>): Pick<BucketCalls, 'list' | 'folders' | 'sign'> {
  const listing = (prefix: string) => ({ plugin, bucket, prefix: root + prefix })
  return {
    async list(prefix) {
      const { keys } = await binary.call(plugin, storeMethods.list, listing(prefix))
      return keys.map((key) => key.slice(root.length)).sort()
    },
    async folders(under) {
      const request = { ...listing(under), delimiter: '/' }
      const { prefixes } = await binary.call(plugin, storeMethods.listFolders, request)
      return prefixes.map((prefix) => prefix.slice(request.prefix.length).replace(/\/$/, '')).sort()
    },
    async sign(key, seconds) {
      return (await binary.call(plugin, storeMethods.sign, { plugin, bucket, key: root + key, ttl: seconds * 1e9 })).url
    },
  }
}

async function getWhole(binary: UsedBinary, request: { plugin: string; bucket: string; key: string }): Promise<Buffer> {
  let [parts, bytes, isTooLarge]: [Uint8Array[], number, boolean] = [[], 0, false]
  const begin = () => {
    ;[parts, bytes] = [[], 0]
    return ({ data }: { data: Uint8Array }) => {
      parts.push(data)
      bytes += data.length
      isTooLarge = bytes > wholeBytesMax
      if (isTooLarge) throw new Error('too large')
    }
  }
  try {
    await binary.download(request.plugin, storeMethods.get, request, begin)
  } catch (thrown) {
    if (!isTooLarge) throw thrown
    throw new StoreError(
      'refused',
      `object ${request.key} has more than ${wholeBytesMax.toLocaleString('en-US')} bytes`,
    )
  }
  return Buffer.concat(parts)
}
