import type { Manifest } from '../../velero/manifest.ts'
import { itemPath, parseApiVersion, parseGroupResource } from '../../velero/resource.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { parseJson } from '../values/manifest-json.ts'

/**
 * The manifest in the text of an item, or the error that names its place in the archive: Velero's words, then ours. A field
 * of its metadata that is null is left out, as the API server and Velero read it.
 */
export function parseItem(text: string, item: ItemAddress): { manifest: Manifest } | { problem: string } {
  const path = itemPath(item.groupResource, item)
  let value: unknown
  try {
    value = parseJson(text)
  } catch (thrown) {
    return { problem: `error decoding "${path}": ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
  const manifest = value as Partial<Manifest> | null
  if (manifest === null || typeof manifest !== 'object' || Array.isArray(manifest)) {
    return { problem: `error decoding "${path}": the item is no JSON object` }
  }
  if (typeof manifest.kind !== 'string' || manifest.kind === '') {
    return { problem: `error decoding "${path}": Object 'Kind' is missing in the item` }
  }
  if (typeof manifest.apiVersion !== 'string' || typeof manifest.metadata !== 'object' || manifest.metadata === null) {
    return { problem: `error decoding "${path}": apiVersion or metadata is missing in the item` }
  }
  // Selection and excludes go by the folder, the write by the manifest: one that is of another group would get past them.
  const { group } = parseApiVersion(manifest.apiVersion)
  if (group !== parseGroupResource(item.groupResource).group) {
    const apiVersion = JSON.stringify(manifest.apiVersion)
    return { problem: `error decoding "${path}": its apiVersion ${apiVersion} is not of the group of its folder` }
  }
  return { manifest: withoutNulls(manifest as Manifest) }
}

function withoutNulls(manifest: Manifest): Manifest {
  const fields = Object.entries(manifest.metadata)
  if (!fields.some(([, value]) => value === null)) return manifest
  return {
    ...manifest,
    metadata: Object.fromEntries(fields.filter(([, value]) => value !== null)) as Manifest['metadata'],
  }
}
