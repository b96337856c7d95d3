import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { goJson } from '../../core/values/go-text.ts'
import type { ObjectStore } from '../ports.ts'

const deflate = promisify(gzip)

/** Writes a value to the bucket as Velero writes its files: gzipped JSON in Go's spelling. */
export async function putJson(store: ObjectStore, key: string, value: unknown): Promise<void> {
  await store.put(key, await deflate(goJson(value)))
}
