import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3'
import type { S3Client } from '@aws-sdk/client-s3'
import pLimit from 'p-limit'
import type { ObjectInfo, ObjectStore } from '../../activities/ports.ts'
import { ApiError, isStoreTransient, StoreError } from '../../core/port-errors.ts'
import type { CustomerKey } from './location-secrets.ts'
import type { UploadSettings } from './location-settings.ts'
import { discardBody, readBody, streamBody } from './object-body.ts'
import type { S3Clients } from './s3-client.ts'
import { classify, toStoreError } from './store-failure.ts'
import type { StorePlace } from './store-failure.ts'
import { asking, uploadObject } from './upload-object.ts'

/** One bucket under a prefix, ready for requests. */
export interface S3StoreOptions {
  id: string
  clients: S3Clients
  /** Empty, or ends with a slash. */
  root: string
  upload: UploadSettings
  customerKey: CustomerKey | undefined
  place: StorePlace
}

/**
 * A bucket as the rest of Drydock sees it: keys are relative to the location's prefix, failures are `StoreError`s
 * that name the full key, as Velero's do. Objects are written without content type or encoding, since Velero's
 * clients unzip them themselves.
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  return { id: options.id, ...readers(options), ...writers(options) }
}

type Readers = Pick<ObjectStore, 'head' | 'get' | 'stream' | 'list' | 'folders' | 'presign'>
type Writers = Pick<ObjectStore, 'put' | 'remove'>

function readers(options: S3StoreOptions): Readers {
  const { clients, root, place } = options
  const Bucket = place.bucket
  const address = (key: string) => ({ Bucket, Key: root + key, ...options.customerKey })
  return {
    head: (key) =>
      attempt(`error checking object ${root + key}`, place, async () => {
        const found = await clients.main.send(new HeadObjectCommand(address(key))).catch(orUnexplained)
        if (found !== undefined) return toInfo(found)
        const explained = await orMissing(clients.main.send(new GetObjectCommand(address(key))))
        if (explained === undefined) return undefined
        discardBody(explained)
        return toInfo(explained)
      }),
    get: (key) =>
      attempt(`error getting object ${root + key}`, place, async () => {
        const found = await orMissing(clients.main.send(new GetObjectCommand(address(key))))
        return found && readBody(found, { key: root + key })
      }),
    stream: (key, { etag } = {}) => {
      const doing = `error getting object ${root + key}`
      return attempt(doing, place, async () => {
        const input = etag === undefined ? address(key) : { ...address(key), IfMatch: etag }
        const found = await clients.main.send(new GetObjectCommand(input))
        const info = toInfo(found)
        if (etag === undefined || info.etag === etag) {
          return { info, body: streamBody(found, (error) => toStoreError(error, doing, place)) }
        }
        // A server that does not know If-Match answers with whatever stands there.
        discardBody(found)
        throw new StoreError('changed', `object ${root + key} has ETag ${info.etag}, not ${etag} (bucket ${Bucket})`)
      })
    },
    list: (prefix) =>
      attempt(`error listing ${root + prefix}`, place, () => listKeys(clients.main, { Bucket, root, prefix })),
    folders: (under = '') =>
      attempt(`error listing ${root + under}`, place, () => listFolders(clients.main, { Bucket, root, prefix: under })),
    presign: (key, seconds) =>
      attempt(`error signing an address for ${root + key}`, place, async () => {
        // Loaded by the first download request: most workers never get one.
        const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner')
        return getSignedUrl(clients.presigning, new GetObjectCommand(address(key)), { expiresIn: seconds })
      }),
  }
}

function writers({ clients, root, place, upload, customerKey }: S3StoreOptions): Writers {
  const Bucket = place.bucket
  const removeOne = (Key: string) =>
    attempt(`error deleting object ${Key}`, place, async () => {
      await orMissing(clients.main.send(new DeleteObjectCommand({ Bucket, Key })))
    })
  return {
    put: (key, Body, { onlyIfAbsent = false, contentType: ContentType, assertMayWrite } = {}) =>
      attempt(`error putting object ${root + key}`, place, () =>
        uploadObject(
          assertMayWrite === undefined ? clients.main : asking(clients.main, assertMayWrite),
          { Bucket, Key: root + key, ...customerKey, ...upload, ...(ContentType && { ContentType }), Body },
          { onlyIfAbsent },
        ),
      ),
    remove: async (keys) => {
      const failure = (error: unknown) => toStoreError(error, 'error deleting objects', place)
      const full = keys.map((key) => root + key)
      await removeObjects(clients.main, full, { Bucket, removeOne, failure })
    },
  }
}

async function attempt<T>(doing: string, place: StorePlace, request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    // Of who may write, not of the bucket.
    if (error instanceof ApiError) throw error
    throw toStoreError(error, doing, place)
  }
}

async function orMissing<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request
  } catch (error) {
    if (classify(error) === 'missing') return undefined
    throw error
  }
}

/** The answer to HEAD has no body to say whether object, bucket or user is not there, or why it is denied: GET does. */
function orUnexplained(error: unknown): undefined {
  const kind = classify(error)
  if (kind !== 'missing' && kind !== 'denied') throw error
}

function toInfo(found: { ETag?: string | undefined; ContentLength?: number | undefined }): ObjectInfo {
  if (found.ETag !== undefined) return { etag: found.ETag, sizeBytes: found.ContentLength ?? 0 }
  throw new StoreError('location', `the bucket's server gives no ETag, so that a changed object cannot be told`)
}

/** All keys under `root + prefix`, without the root, sorted. */
async function listKeys(client: S3Client, { Bucket, root, prefix }: Listing): Promise<string[]> {
  const keys: string[] = []
  for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket, Prefix: root + prefix })) {
    for (const { Key } of Contents) if (Key !== undefined) keys.push(Key.slice(root.length))
  }
  return keys.sort()
}

/** The first path segments under `root + prefix`, sorted. */
async function listFolders(client: S3Client, { Bucket, root, prefix }: Listing): Promise<string[]> {
  const under = root + prefix
  const folders: string[] = []
  const pages = paginateListObjectsV2({ client }, { Bucket, Prefix: under, Delimiter: '/' })
  for await (const { CommonPrefixes = [] } of pages) {
    for (const { Prefix } of CommonPrefixes) {
      if (Prefix !== undefined) folders.push(Prefix.slice(under.length).replace(/\/$/, ''))
    }
  }
  return folders.sort()
}

interface Listing {
  Bucket: string
  root: string
  prefix: string
}

export interface Removal {
  Bucket: string
  removeOne: (key: string) => Promise<void>
  failure: (error: unknown) => StoreError
}

/**
 * Removes objects a thousand at a time; what a batch did not remove is removed one by one, since several S3 servers
 * and gateways know no batches.
 */
export async function removeObjects(client: S3Client, keys: readonly string[], removal: Removal): Promise<void> {
  for (let start = 0; start < keys.length; start += batchMax) {
    const batch = keys.slice(start, start + batchMax)
    const left = batch.length === 1 ? batch : await removeBatch(client, batch, removal)
    const limit = pLimit(8)
    await Promise.all(left.map((key) => limit(() => removal.removeOne(key))))
  }
}

const batchMax = 1000

/** The keys that are still to be removed. */
async function removeBatch(client: S3Client, batch: readonly string[], removal: Removal): Promise<readonly string[]> {
  const { Bucket, failure } = removal
  try {
    const Delete = { Objects: batch.map((Key) => ({ Key })), Quiet: true }
    const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }))
    const refused = new Set(Errors.map(({ Key }) => Key))
    return batch.filter((key) => refused.has(key))
  } catch (error) {
    const trouble = failure(error)
    if (isStoreTransient(trouble) || trouble.kind === 'no-bucket' || trouble.kind === 'credentials') throw trouble
    return batch
  }
}
