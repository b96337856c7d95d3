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
  if (!unclean.test(raw)) return raw
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

/** A part that is empty, `.` or `..`: paths in a tarball hardly ever have one. */
const unclean = /(?:^|\/)\.{0,2}(?:\/|$)/

/**
 * Reads the items that clean paths name: `resources/<gr>/[<version>/](namespaces/<ns>|cluster)/<name>.json`; undefined for other
 * files. Items of one folder mostly stand together, so what the last folder says is known.
 */
export function createPathParser(): (path: string) => ItemPath | undefined {
  let last: { text: string; folder: Folder | undefined } = { text: '', folder: undefined }
  return (path) => {
    if (!path.endsWith('.json')) return undefined
    const nameAt = path.lastIndexOf('/') + 1
    const text = path.slice(0, nameAt)
    if (text !== last.text) last = { text, folder: parseFolder(text) }
    return last.folder && { ...last.folder, name: path.slice(nameAt, -'.json'.length) }
  }
}

type Folder = Omit<ItemPath, 'name'>

/** A folder of items, with the slash at its end. */
function parseFolder(text: string): Folder | undefined {
  const [top, groupResource, ...rest] = text.slice(0, -1).split('/')
  if (top !== 'resources' || groupResource === undefined) return undefined
  const folder = rest[0] === 'cluster' || rest[0] === 'namespaces' ? '' : rest.shift()
  const namespace = takeScope(rest)
  if (folder === undefined || namespace === undefined || rest.length > 0) return undefined
  return { groupResource, folder, namespace }
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
