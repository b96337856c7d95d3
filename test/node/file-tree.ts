import { createHash } from 'node:crypto'
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Where Velero's init container is told that the volume is filled; it may not remove it, since it runs as another user. */
const velerosOwn = '.velero'

/** Everything in a folder: for each path its kind, mode, owners, and the sum of its bytes or the end of its link. */
export function fileTree(folder: string): Record<string, string> {
  const tree: Record<string, string> = {}
  const walk = (path: string): void => {
    for (const name of readdirSync(join(folder, path)).toSorted()) {
      const inner = path === '' ? name : `${path}/${name}`
      if (inner === velerosOwn) continue
      const facts = lstatSync(join(folder, inner))
      tree[inner] = `${facts.mode.toString(8)} ${facts.uid}:${facts.gid} ${contentOf(join(folder, inner), facts)}`
      if (facts.isDirectory()) walk(inner)
    }
  }
  walk('')
  return tree
}

/** The files in a folder that have more names than one, by path. */
export function linkedFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => {
      const facts = lstatSync(join(folder, path))
      return facts.isFile() && facts.nlink > 1
    })
    .toSorted()
}

function contentOf(path: string, facts: { isFile(): boolean; isSymbolicLink(): boolean; size: number }): string {
  if (facts.isSymbolicLink()) return `-> ${readlinkSync(path)}`
  if (!facts.isFile()) return 'folder'
  return `${facts.size} bytes ${createHash('sha256').update(readFileSync(path)).digest('hex')}`
}
