import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ObjectInfo, ObjectStore, Stores } from '../../../activities/ports.ts'
import { readLocation } from '../../../infra/store/location-settings.ts'
import { describeEndpoint, toStoreError } from '../../../infra/store/store-failure.ts'

/** Buckets without a server: the port as workers have it, and what stands in them. */
export interface InMemoryBuckets extends Stores {
  /** Makes an empty bucket; locations whose bucket was not made find none, as on a real server. */
  make(bucket: string): void
  /** What stands in a bucket, by its full key. Objects are replaced, never changed. */
  objects(bucket: string): ReadonlyMap<string, Buffer>
  /** Puts an object there, by its full key. */
  place(bucket: string, key: string, body: Buffer): void
  /** Takes an object away. */
  drop(bucket: string, key: string): void
  /** A copy of all of it. */
  state(): BucketsState
}

/** Objects by bucket and full key. */
export type BucketsState = ReadonlyMap<string, ReadonlyMap<string, Buffer>>

/** Makes buckets, or those of that state. */
export function createBuckets(from: BucketsState = new Map()): InMemoryBuckets {
  const buckets = new Map([...from].map(([name, objects]) => [name, new Map(objects)]))
  const objectsOf = (bucket: string) => {
    const objects = buckets.get(bucket)
    if (objects === undefined) throw noSuchBucket()
    return objects
  }
  return {
    make: (bucket) => void buckets.set(bucket, new Map()),
    objects: objectsOf,
    place: (bucket, key, body) => void objectsOf(bucket).set(key, body),
    drop: (bucket, key) => void objectsOf(bucket).delete(key),
    state: () => new Map([...buckets].map(([name, objects]) => [name, new Map(objects)])),
    async open(location) {
      const { bucket, prefix, endpoint } = readLocation(location)
      const place = { bucket, endpoint: describeEndpoint(endpoint), secrets: [] }
      const root = prefix === '' ? '' : `${prefix}/`
      const id = [place.endpoint, bucket, prefix].filter((part) => part !== '').join('/')
      return createStore({ id, root, place, objects: () => objectsOf(bucket) })
    },
  }
}

interface StoreParts {
  id: string
  root: string
  place: { bucket: string; endpoint: string; secrets: readonly string[] }
  objects: () => Map<string, Buffer>
}

function createStore({ id, root, place, objects }: StoreParts): ObjectStore {
  const attempt = async <T>(doing: string, request: (objects: Map<string, Buffer>) => T): Promise<T> => {
    try {
      return request(objects())
    } catch (thrown) {
      throw toStoreError(thrown, doing, place)
    }
  }
  const under = (all: Map<string, Buffer>, prefix: string) =>
    [...all.keys()].filter((key) => key.startsWith(root + prefix)).map((key) => key.slice(root.length))
  return {
    id,
    head: (key) => attempt(`error checking object ${root + key}`, (all) => infoOf(all.get(root + key))),
    get: (key) => attempt(`error getting object ${root + key}`, (all) => copyOf(all.get(root + key))),
    stream: (key, { etag } = {}) =>
      attempt(`error getting object ${root + key}`, (all) => {
        const body = all.get(root + key)
        const info = infoOf(body)
        if (body === undefined || info === undefined) throw noSuchKey()
        if (etag !== undefined && info.etag !== etag) throw preconditionFailed()
        return { info, body: Readable.from([body]) }
      }),
    put: async (key, body, { onlyIfAbsent = false, assertMayWrite } = {}) => {
      assertMayWrite?.()
      return attempt(`error putting object ${root + key}`, (all) => {
        if (onlyIfAbsent && all.has(root + key)) return false
        all.set(root + key, Buffer.from(body))
        return true
      })
    },
    list: (prefix) => attempt(`error listing ${root + prefix}`, (all) => under(all, prefix).sort()),
    folders: (folder = '') =>
      attempt(`error listing ${root + folder}`, (all) => {
        const deeper = under(all, folder).map((key) => key.slice(folder.length).split('/'))
        return [...new Set(deeper.filter((parts) => parts.length > 1).map(([first = '']) => first))].sort()
      }),
    remove: (keys) =>
      attempt('error deleting objects', (all) => {
        for (const key of keys) all.delete(root + key)
      }),
    presign: (key, seconds) =>
      attempt(`error signing an address for ${root + key}`, () => `${place.endpoint}/${root + key}?expires=${seconds}`),
  }
}

/** Objects are replaced, never changed: the checksum of one is made once for all copies of a world. */
const etags = new WeakMap<Buffer, string>()

function infoOf(body: Buffer | undefined): ObjectInfo | undefined {
  if (body === undefined) return undefined
  const etag = etags.get(body) ?? `"${createHash('md5').update(body).digest('hex')}"`
  etags.set(body, etag)
  return { etag, sizeBytes: body.length }
}

/** What the SDK throws for an answer of the server. */
function answer(httpStatusCode: number, name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode } })
}

function noSuchBucket(): Error {
  return answer(404, 'NoSuchBucket', 'The specified bucket does not exist.')
}

function noSuchKey(): Error {
  return answer(404, 'NoSuchKey', 'The specified key does not exist.')
}

function preconditionFailed(): Error {
  return answer(412, 'PreconditionFailed', 'At least one of the pre-conditions you specified did not hold')
}

function copyOf(body: Buffer | undefined): Buffer | undefined {
  return body === undefined ? undefined : Buffer.from(body)
}
