import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PluginError } from '../../core/port-errors.ts'

/**
 * The binaries in a folder and the folders in it, in the order of their names, as Velero finds its plugins; none where
 * the folder is missing. A file that nobody may execute is none. Throws `PluginError` for a folder that cannot be read.
 * Source: pkg/plugin/clientmgmt/process/registry.go readPluginsDir.
 */
export async function findBinaries(dir: string): Promise<string[]> {
  const names = await readdir(dir).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw new PluginError('binary', `the folder of plugins ${dir} cannot be read: ${wordsOf(thrown)}`)
  })
  const found: string[] = []
  for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
    const path = join(dir, name)
    const file = await lstat(path)
    if (file.isDirectory()) found.push(...(await findBinaries(path)))
    else if ((file.mode & 0o111) !== 0) found.push(path)
  }
  return found
}

const wordsOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
