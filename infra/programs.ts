import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where programs of these names may stand by PATH, the first name first. An empty folder in PATH is left out. */
export function placesOnPath(names: readonly string[], path = ''): string[] {
  const folders = path.split(delimiter).filter((folder) => folder !== '')
  return names.flatMap((name) => folders.map((folder) => join(folder, name)))
}

/** Whether this user may run a file. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
