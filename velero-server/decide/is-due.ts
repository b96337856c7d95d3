import { GoDurationError, parseGoDuration } from '../../core/values/go-duration.ts'

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
