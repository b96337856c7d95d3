import { ArchiveError } from '../../core/port-errors.ts'

/** Where in the archive an item's file stands. `folder` is the version folder as it is spelt, empty for the default copy. */
export interface ItemPath {
  groupResource: string
  folder: string
  /** Empty for cluster-scoped items. */
  namespace: string
  name: string
}

/**
 * Where a tar entry would be written below the archive's folder, in Go's clean spelling: what begins with a slash
 * lands inside, as with Velero. Throws Velero's error for a path that leads out of it.
 */
export function cleanArchivePath(raw: string): string {
  const parts: string[] = []
  for (const part of raw.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) {
      throw new ArchiveError('escape', `invalid archive path ${quote(raw)}: escapes target directory`)
    }
  }
  return parts.join('/')
}

/** The item that a clean path names: `resources/<gr>/[<version>/](namespaces/<ns>|cluster)/<name>.json`; undefined for other files. */
export function parseItemPath(path: string): ItemPath | undefined {
  const [top, groupResource, ...rest] = path.split('/')
  if (top !== 'resources' || groupResource === undefined) return undefined
  const folder = rest[0] === 'cluster' || rest[0] === 'namespaces' ? '' : rest.shift()
  const namespace = takeScope(rest)
  const file = rest.shift()
  if (folder === undefined || namespace === undefined || file === undefined || rest.length > 0) return undefined
  if (!file.endsWith('.json')) return undefined
  return { groupResource, folder, namespace, name: file.slice(0, -'.json'.length) }
}

/** Version and mark of a version folder such as `v1` or `v1-preferredversion`. */
export function parseVersionFolder(folder: string): { version?: string; preferred?: boolean } {
  if (folder === '') return {}
  if (!folder.endsWith(preferredSuffix)) return { version: folder }
  return { version: folder.slice(0, -preferredSuffix.length), preferred: true }
}

const preferredSuffix = '-preferredversion'

/** Takes `cluster` or `namespaces/<ns>` off the front: the namespace, empty for `cluster`. */
function takeScope(parts: string[]): string | undefined {
  const scope = parts.shift()
  if (scope === 'cluster') return ''
  return scope === 'namespaces' ? parts.shift() : undefined
}

/** Go's `%q`, as far as file names need it. */
function quote(text: string): string {
  const escaped = JSON.stringify(text).replace(/\\u00([0-9a-f]{2})/g, '\\x$1')
  return escaped.replaceAll('\u007f', '\\x7f')
}
