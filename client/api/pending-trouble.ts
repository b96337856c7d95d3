import type { WorkflowExecutionDescription } from '@temporalio/client'
import { oneLine } from './errors.ts'

type Pending = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

/** A first retry is ordinary; from this attempt on people want to know. */
const attemptMin = 3

/**
 * What the running activities of a workflow wait for: in their own words, by heartbeat, or the failure after which one
 * of them is tried again. Undefined while all goes well.
 */
export function pendingTrouble(pending: readonly Pending[]): string | undefined {
  const waits = pending.map(waitOf).filter((wait) => wait !== undefined)
  if (waits.length > 0) return oneLine(waits[0] ?? '')
  const tried = pending.find(({ attempt, lastFailure }) => (attempt ?? 0) >= attemptMin && lastFailure?.message)
  if (tried === undefined) return undefined
  const name = tried.activityType?.name ?? 'an activity'
  return oneLine(`attempt ${tried.attempt ?? 0} of ${name}, after: ${tried.lastFailure?.message ?? ''}`)
}

/** The `waitingFor` of the last heartbeat. */
function waitOf({ heartbeatDetails }: Pending): string | undefined {
  const data = heartbeatDetails?.payloads?.[0]?.data
  if (data === undefined || data === null) return undefined
  try {
    const beat = JSON.parse(Buffer.from(data).toString('utf8')) as { waitingFor?: unknown } | null
    return typeof beat?.waitingFor === 'string' ? beat.waitingFor : undefined
  } catch {
    // Encrypted by a codec that only the workers know.
    return undefined
  }
}
