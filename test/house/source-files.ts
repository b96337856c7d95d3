import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the repository, with a slash at its end. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Folders that Git ignores, and Git's own. `node_modules` may be a link: links are never followed. */
const skipped = new Set(['.git', 'node_modules', '.stack', '.tmp', 'coverage', 'dist'])

/** All files of the repository, by path from its root, sorted. It needs no Git and starts no process. */
export function listFiles(folder = ''): string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  const paths = entries.flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : listFiles(path)
    return entry.isFile() && !entry.name.endsWith('.log') ? [path] : []
  })
  return paths.toSorted()
}

/** The text of a file of the repository. */
export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}
