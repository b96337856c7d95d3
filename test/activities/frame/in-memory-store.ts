import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ObjectStore } from '../../../activities/ports.ts'

/** A bucket that is a map, for tests of what is written into it. */
export function inMemoryStore(): ObjectStore & { objects: Map<string, Buffer> } {
  const objects = new Map<string, Buffer>()
  const infoOf = (body: Buffer) => ({ etag: createHash('md5').update(body).digest('hex'), sizeBytes: body.length })
  return {
    objects,
    id: 'memory',
    async head(key) {
      const body = objects.get(key)
      return body === undefined ? undefined : infoOf(body)
    },
    async get(key) {
      return objects.get(key)
    },
    async stream(key) {
      const body = objects.get(key) ?? Buffer.alloc(0)
      return { info: infoOf(body), body: Readable.from([body]) }
    },
    async put(key, body, options) {
      if (options?.onlyIfAbsent === true && objects.has(key)) return false
      objects.set(key, body)
      return true
    },
    async list(prefix) {
      return [...objects.keys()].filter((key) => key.startsWith(prefix)).sort()
    },
    async folders() {
      return []
    },
    async remove(keys) {
      for (const key of keys) objects.delete(key)
    },
    async presign(key) {
      return key
    },
  }
}
