import { GoDurationError, parseGoDuration } from '../../core/values/go-duration.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { topLevelFolders } from '../../velero/object-keys.ts'

/** When something was done last and how often it is to be done. */
export interface Schedule {
  /** RFC 3339; absent where it was never done. */
  last: string | undefined
  /** The location's own period in Go's syntax; zero turns it off, a negative one does not count. */
  period: string | null | undefined
  defaultSeconds: number
  /** Whether the first time comes even where the period is zero. */
  firstAnyway: boolean
}

/** Whether it is time to do it again. */
export function isDue({ last, period, defaultSeconds, firstAnyway }: Schedule, now: Date): boolean {
  if (firstAnyway && last === undefined) return true
  const ms = periodMs(period, defaultSeconds)
  if (ms === 0) return false
  if (last === undefined) return true
  const next = Date.parse(last) + ms
  return Number.isNaN(next) || now.getTime() >= next
}

function periodMs(period: string | null | undefined, defaultSeconds: number): number {
  if (period === undefined || period === null || period === '') return defaultSeconds * 1000
  try {
    const ms = parseGoDuration(period)
    return ms < 0 ? defaultSeconds * 1000 : ms
  } catch (thrown) {
    if (!(thrown instanceof GoDurationError)) throw thrown
    return defaultSeconds * 1000
  }
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

/** The status of a location after a look at it: `problem` is what was wrong, undefined where nothing was. */
export function locationStatus(
  location: BackupStorageLocation,
  problem: string | undefined,
  now: string,
): { phase: 'Available' | 'Unavailable'; message: string | null; lastValidationTime: string } {
  if (problem === undefined) return { phase: 'Available', message: null, lastValidationTime: now }
  const message = `BackupStorageLocation ${JSON.stringify(location.metadata.name)} is unavailable: ${problem}`
  return { phase: 'Unavailable', message, lastValidationTime: now }
}

/** What Velero refuses in a location's spec before it opens it; undefined where nothing is. */
export function checkLocationSpec({ spec }: BackupStorageLocation): string | undefined {
  const { caCert, caCertRef } = spec.objectStorage ?? {}
  return caCert !== undefined && caCert !== '' && caCertRef !== undefined
    ? 'cannot specify both caCert and caCertRef in objectStorage'
    : undefined
}
