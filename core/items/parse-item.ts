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
  const stranger = whyStranger(manifest as Manifest, item)
  return stranger === undefined
    ? { manifest: withoutNulls(manifest as Manifest) }
    : { problem: `error decoding "${path}": ${stranger}` }
}

function withoutNulls(manifest: Manifest): Manifest {
  if (!Object.values(manifest.metadata).includes(null)) return manifest
  const fields = Object.entries(manifest.metadata)
  return {
    ...manifest,
    metadata: Object.fromEntries(fields.filter(([, value]) => value !== null)) as Manifest['metadata'],
  }
}

/**
 * Why the manifest is not the one that its path says; undefined where it is. Selection, excludes and mappings go by the
 * path, the write by the manifest: one of another group or namespace would get past them. Its name may differ from the
 * name of its file, and is then the one that counts, as in Velero (parity case `exact`).
 */
function whyStranger({ apiVersion, metadata }: Manifest, item: ItemAddress): string | undefined {
  if (parseApiVersion(apiVersion).group !== parseGroupResource(item.groupResource).group)
    return `its apiVersion ${quoted(apiVersion)} is not of the group of its folder`
  const { namespace } = metadata as { namespace?: unknown }
  if ((namespace ?? '') !== (item.namespace ?? ''))
    return `its namespace ${quoted(namespace)} is not the one of its folder`
  const { name } = metadata as { name?: unknown }
  return typeof name === 'string' && name !== '' ? undefined : 'the item has no name'
}

/** A value of the manifest in a message, no longer than any name may be. */
function quoted(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 256)
}
