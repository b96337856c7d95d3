import { GoDurationError, parseGoDuration } from '../../core/values/go-duration.ts'
import type { LocationLook } from '../../core/request/look-at-location.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'

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

/** Seconds between looks at a bucket that does not answer. */
const awaySeconds = 5

/** What is to be done about a location after a look at it. */
export type LocationDecision = { do: 'write'; problem: string | undefined } | { do: 'wait'; seconds: number }

/**
 * Decides about a location whose bucket was looked at. One that is available and whose bucket stops answering keeps its
 * phase for some time, in which it is looked at again soon: new restores wait for it instead of being refused.
 */
export function decideLocation(
  { status }: BackupStorageLocation,
  look: LocationLook,
  { awayMs, patienceSeconds }: { awayMs: number; patienceSeconds: number },
): LocationDecision {
  if (look.bucket === 'there') return { do: 'write', problem: undefined }
  const isPatient = look.bucket === 'away' && status?.phase === 'Available' && awayMs < patienceSeconds * 1000
  return isPatient ? { do: 'wait', seconds: awaySeconds } : { do: 'write', problem: look.problem }
}
