import { parseJson } from '../../core/values/manifest-json.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { inflateText } from '../frame/inflate.ts'
import type { ObjectStore } from '../ports.ts'

const fileBytesMax = 256 * 1024 * 1024

/** The list in a compressed file of a backup, empty where it is not there; or what is wrong with the file. */
export async function readList<T>(
  store: ObjectStore,
  key: string,
): Promise<{ list: readonly T[] } | { error: string }> {
  const bytes = await store.get(key)
  if (bytes === undefined) return { list: [] }
  try {
    const text = await inflateText(bytes, fileBytesMax)
    const content = parseJson(text)
    if (content !== null && !Array.isArray(content)) return { error: `${key} holds no list` }
    return { list: ((content ?? []) as (T | null)[]).filter((one) => one !== null) }
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : 'unknown' }
  }
}

/** An item of a tarball; undefined for a text that is no object of Kubernetes. */
export function readItem(text: string): Manifest | undefined {
  try {
    const item = parseJson(text) as Partial<Manifest> | null
    return typeof item?.metadata === 'object' && item.metadata !== null ? (item as Manifest) : undefined
  } catch {
    return undefined
  }
}
