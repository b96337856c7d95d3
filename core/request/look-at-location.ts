import type { BackupStorageLocation } from '../../velero/backup.ts'
import { topLevelFolders } from '../../velero/object-keys.ts'
import { isStoreTransient, StoreError } from '../port-errors.ts'

/**
 * What a look at the bucket of a location came to: it answers and is as it should be (`there`), it does not answer and
 * may do so later (`away`), or it answers and cannot be used as it is (`wrong`).
 */
export type LocationLook = { bucket: 'there' } | { bucket: 'away' | 'wrong'; problem: string }

/** What the error of a look means. Throws every error that is not of the bucket. */
export function lookThatFailed(thrown: unknown): LocationLook {
  if (!(thrown instanceof StoreError)) throw thrown
  return { bucket: isStoreTransient(thrown) ? 'away' : 'wrong', problem: thrown.message }
}

/** What a problem in words makes of a look. */
export function lookWith(problem: string | undefined): LocationLook {
  return problem === undefined ? { bucket: 'there' } : { bucket: 'wrong', problem }
}

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

/** What Velero refuses in a location's spec before it opens it; undefined where nothing is. */
export function checkLocationSpec({ spec }: BackupStorageLocation): string | undefined {
  const { caCert, caCertRef } = spec.objectStorage ?? {}
  return caCert !== undefined && caCert !== '' && caCertRef !== undefined
    ? 'cannot specify both caCert and caCertRef in objectStorage'
    : undefined
}
