import { createBucketCalls } from '../../../../infra/plugins/stores/bucket-calls.ts'
import type { BucketCallsOptions } from '../../../../infra/plugins/stores/bucket-calls.ts'
import { storeMethods } from '../../../../infra/plugins/stores/store-protocol.ts'
import type { UsedBinary } from '../../../../infra/plugins/used-binary.ts'
import { PluginError } from '../../../../core/port-errors.ts'

/** What any call of the protocol is asked with. */
interface AnyRequest {
  bucket: string
  key: string
  prefix: string
  ttl: number
  body: Buffer
}

/** Is asked before each call. */
export type Before = (call: string, request: AnyRequest) => Promise<void> | void

const answers = (words: string) => new PluginError('answer', `rpc error: code = Unknown desc = ${words}`)

/** An ObjectStore plugin without a process, which answers as that for GCS does. */
export function inMemoryPlugin(buckets: Map<string, Map<string, Buffer>>, before: Before = () => {}): UsedBinary {
  const objectsOf = (bucket: string) => {
    const objects = buckets.get(bucket)
    if (objects === undefined) throw answers('storage: bucket doesn’t exist'.replace('’', "'"))
    return objects
  }
  const under = ({ bucket, prefix }: AnyRequest) =>
    [...objectsOf(bucket).keys()].filter((key) => key.startsWith(prefix))
  const calls: Record<string, (request: AnyRequest) => unknown> = {
    [storeMethods.put.name]: ({ bucket, key, body }) => void objectsOf(bucket).set(key, Buffer.from(body)),
    [storeMethods.exists.name]: ({ bucket, key }) => ({ exists: buckets.get(bucket)?.has(key) ?? false }),
    [storeMethods.list.name]: (request) => ({ keys: under(request) }),
    [storeMethods.listFolders.name]: (request) => {
      const rest = under(request).map((key) => key.slice(request.prefix.length).split('/'))
      const first = rest.filter((parts) => parts.length > 1).map(([part = '']) => `${request.prefix}${part}/`)
      return { prefixes: [...new Set(first)] }
    },
    [storeMethods.remove.name]: ({ bucket, key }) => {
      if (!objectsOf(bucket).delete(key)) throw answers("storage: object doesn't exist")
    },
    [storeMethods.sign.name]: ({ key, ttl }) => ({ url: `https://example.com/${key}?ttl=${ttl}` }),
  }
  return {
    async call(_who, method, request) {
      const asked = request as unknown as AnyRequest
      await before(method.name, asked)
      return calls[method.name]?.(asked) as never
    },
    async download(_who, method, request, begin) {
      const asked = request as unknown as AnyRequest
      await before(method.name, asked)
      const found = objectsOf(asked.bucket).get(asked.key)
      if (found === undefined) throw answers("storage: object doesn't exist")
      const take = begin()
      for (let start = 0; start < found.length; start += 2)
        await take({ data: found.subarray(start, start + 2) } as never)
    },
    close: async () => {},
  }
}

/** The calls of a bucket that such a plugin serves. */
export function optionsWith(binary: UsedBinary, dir: string, root = ''): BucketCallsOptions {
  const place = { plugin: 'example.io/store', bucket: 'backups', location: 'default' }
  return { place, root, binary, downloads: binary, spool: { dir, bytesMax: 1000 } }
}

/** See {@link createBucketCalls}. */
export const callsOf = (binary: UsedBinary, dir: string) => createBucketCalls(optionsWith(binary, dir))
