import { GoDurationError, parseGoDuration } from '../values/go-duration.ts'

/** How long something may take, in milliseconds: what the Restore says, or the setting where it says nothing. */
export function timeoutOrDefaultMs(wanted: string | undefined, fallbackMs: number): number {
  return read(wanted) || fallbackMs
}

/** A text that is no duration counts as none, as it does for the annotation of pod volumes in Velero. */
function read(text: string | undefined): number {
  if (text === undefined || text === '') return 0
  try {
    return parseGoDuration(text)
  } catch (thrown) {
    if (thrown instanceof GoDurationError) return 0
    throw thrown
  }
}
