import { topLevelFolders } from '../../velero/object-keys.ts'

/** Names of foreign folders that a message quotes. */
const namedMax = 3

/** What is wrong with a location in which these folders stand at the top, in Velero's words; undefined where nothing is. */
export function checkFolders(folders: readonly string[]): string | undefined {
  const foreign = folders.filter((folder) => !topLevelFolders.includes(folder))
  if (foreign.length === 0) return undefined
  if (foreign.length <= namedMax) return `Backup store contains invalid top-level directories: [${foreign.join(' ')}]`
  const named = [...foreign.slice(0, namedMax), '...'].join(' ')
  return `Backup store contains ${foreign.length} invalid top-level directories: [${named}]`
}
