import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path/posix'
import pLimit from 'p-limit'
import type { ObjectStore } from '../../../activities/ports.ts'
import { StoreError } from '../../../core/port-errors.ts'
import { journalFolder, journalOwnerOf } from '../../../velero/object-keys.ts'
import { createBucketCalls } from './bucket-calls.ts'
import type { BucketCalls, BucketCallsOptions } from './bucket-calls.ts'
import { toStoreError } from './store-failure.ts'
import type { SpooledObject } from './spool.ts'
import type { ClaimedKey, WriteClaims } from './write-claims.ts'

/** One bucket under a prefix, served by a plugin. */
export interface PluginStoreOptions extends BucketCallsOptions {
  id: string
  claims: WriteClaims
}

/** An object whose head was asked for is kept so long for who streams it then. */
const keptMs = 60_000

/** Objects that are removed at once, as far as the plugin takes calls at once. */
const removedAtOnce = 8

/**
 * A bucket that a plugin serves. The protocol has neither sizes nor ETags: both are taken from the object itself, which is
 * downloaded for that. It has no conditional write either; {@link WriteClaims} stand for that (decision 15).
 */
export function createPluginStore(options: PluginStoreOptions): ObjectStore {
  const { root, place } = options
  const calls = createBucketCalls(options)
  const kept = new Map<string, SpooledObject>()
  const attempt = async <T>(doing: string, request: () => Promise<T>): Promise<T> => {
    try {
      return await request()
    } catch (thrown) {
      throw toStoreError(thrown, doing, place)
    }
  }
  return {
    id: options.id,
    ...readers(calls, attempt, { root, kept }),
    list: (prefix) => attempt(`error listing ${root + prefix}`, () => calls.list(prefix)),
    folders: (under = '') => attempt(`error listing ${root + under}`, () => calls.folders(under)),
    presign: (key, seconds) => attempt(`error signing an address for ${root + key}`, () => calls.sign(key, seconds)),
    put: async (key, body, { onlyIfAbsent = false, assertMayWrite } = {}) => {
      assertMayWrite?.()
      return attempt(`error putting object ${root + key}`, async () => {
        await takeFrom(kept, key)?.drop()
        if (onlyIfAbsent) return putOnce(calls, options.claims, { key, body })
        await calls.put(key, body)
        return true
      })
    },
    async remove(keys) {
      const limit = pLimit(removedAtOnce)
      const removeOne = async (key: string) => {
        await takeFrom(kept, key)?.drop()
        await calls.remove(key)
        const claimed = claimedKey(calls, key)
        if (claimed.owner !== undefined) await options.claims.drop(claimed)
      }
      const each = (key: string) => attempt(`error deleting objects: ${root + key}`, () => removeOne(key))
      await Promise.all(keys.map((key) => limit(() => each(key))))
    },
  }
}

type Attempt = <T>(doing: string, request: () => Promise<T>) => Promise<T>

/** Takes out what was kept of an object. */
function takeFrom(kept: Map<string, SpooledObject>, key: string): SpooledObject | undefined {
  const one = kept.get(key)
  kept.delete(key)
  return one
}

function readers(
  calls: BucketCalls,
  attempt: Attempt,
  { root, kept }: { root: string; kept: Map<string, SpooledObject> },
): Pick<ObjectStore, 'head' | 'get' | 'stream'> {
  return {
    head: (key) =>
      attempt(`error checking object ${root + key}`, async () => {
        await takeFrom(kept, key)?.drop()
        const found = await calls.spool(key)
        if (found === undefined) return undefined
        kept.set(key, found)
        const forget = () => {
          if (kept.get(key) === found) void takeFrom(kept, key)?.drop()
        }
        setTimeout(forget, keptMs).unref()
        return found.info
      }),
    get: (key) => attempt(`error getting object ${root + key}`, () => calls.get(key)),
    stream: (key, { etag } = {}) => {
      const doing = `error getting object ${root + key}`
      return attempt(doing, async () => {
        const known = takeFrom(kept, key)
        if (known !== undefined && known.info.etag === etag) return { info: known.info, body: known.body() }
        await known?.drop()
        const found = await calls.spoolOrThrow(key)
        if (etag === undefined || found.info.etag === etag) return { info: found.info, body: found.body() }
        await found.drop()
        throw new StoreError(
          'changed',
          `rpc error: code = Unknown desc = ${doing}: PreconditionFailed: it has ETag ${found.info.etag}, not ${etag}`,
        )
      })
    },
  }
}

/** A claim without its object, of a key whose object was removed, is given up; then another one may be there already. */
const triesMax = 5

/**
 * Writes an object that is not there, and returns whether this call did it (decision 15). The bytes lie beside the key before
 * the claim, so that whoever finds a claim without its object writes that object: nothing waits for a dead worker, and
 * no two calls write different bytes.
 */
async function putOnce(
  calls: BucketCalls,
  claims: WriteClaims,
  { key, body }: { key: string; body: Buffer },
): Promise<boolean> {
  if (await calls.exists(key)) return false
  const token = randomUUID()
  await calls.put(besideOf(key, token), body)
  const isOurs = await settle(calls, claims, { key, token, body })
  await calls.remove(besideOf(key, token))
  return isOurs
}

async function settle(
  calls: BucketCalls,
  claims: WriteClaims,
  { key, token, body }: { key: string; token: string; body: Buffer },
): Promise<boolean> {
  for (let tries = 1; tries <= triesMax; tries++) {
    const claim = await claims.take(claimedKey(calls, key), token)
    if (claim.token === token) {
      await calls.put(key, body)
      return true
    }
    if (await calls.exists(key)) return false
    const claimed = await calls.get(besideOf(key, claim.token))
    if (claimed !== undefined) {
      await calls.put(key, claimed)
      return false
    }
    // The one who claimed it has cleaned up, so the object was there: it is there now, or was removed since.
    if (await calls.exists(key)) return false
    await claims.drop(claimedKey(calls, key), claim)
  }
  throw new StoreError('unreachable', `the claim of ${calls.fullKey(key)} changes all the time`)
}

const claimedKey = (calls: BucketCalls, key: string): ClaimedKey => ({
  full: calls.fullKey(key),
  owner: journalOwnerOf(key),
})

/** Where the bytes of a claim lie: in the folder of the journal that they belong to, which is removed with it. */
function besideOf(key: string, token: string): string {
  const owner = journalOwnerOf(key)
  const folder = owner === undefined ? `${dirname(key)}/` : journalFolder(owner.restore, owner.uid)
  return `${folder === './' ? '' : folder}unsettled/${token}`
}
