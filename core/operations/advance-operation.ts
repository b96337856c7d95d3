import type { OperationObservation } from './look-up-operation.ts'
import type { OperationStatus } from './operations.ts'

/** The limits for an operation. */
export interface AdvanceRules {
  nowMs: number
  /** `spec.itemOperationTimeout`; it begins with the creation of the operation. */
  timeoutMs: number
  /** How often in a row its state was unavailable, this time included. */
  misses: number
  /** After so many times the operation has failed. */
  missesMax: number
}

/** The new state of an operation, and whether its work must be cancelled. */
export interface Advance {
  status: OperationStatus
  cancel: boolean
}

/**
 * The next state of an operation that has not ended. In Velero it fails at the first error of reading its state; here
 * only after several, because a short problem of the API server should not end a download of hours. The deadline is
 * checked last, so a download that ended in time but was observed late does not fail.
 */
export function advanceOperation(
  status: OperationStatus,
  observation: OperationObservation,
  rules: AdvanceRules,
): Advance {
  switch (observation.seen) {
    case 'unsupported':
      return fail(status, observation.error)
    case 'unavailable':
      if (rules.misses >= rules.missesMax) return fail(status, observation.error)
      return isLate(status, rules) ? timedOut(status) : continued(status)
    case 'not started':
      return isLate(status, rules) ? timedOut(status) : continued(status)
    case 'progress': {
      const { description, units = 'Bytes', nCompleted, nTotal, started, updated, end } = observation
      const seen: OperationStatus = {
        ...status,
        ...(nCompleted === 0 ? {} : { nCompleted }),
        ...(nTotal === 0 ? {} : { nTotal }),
        ...(units === '' ? {} : { operationUnits: units }),
        ...(description === '' ? {} : { description }),
        ...(started === undefined ? {} : { started }),
        ...(updated === undefined ? {} : { updated }),
      }
      if (end !== undefined)
        return end.error === '' ? continued({ ...seen, phase: 'Completed' }) : fail(seen, end.error)
      if (isLate(status, rules)) return timedOut(seen)
      return continued(started === undefined ? seen : { ...seen, phase: 'InProgress' })
    }
  }
}

function isLate(status: OperationStatus, { nowMs, timeoutMs }: AdvanceRules): boolean {
  return Date.parse(status.created ?? '') + timeoutMs < nowMs
}

function timedOut(status: OperationStatus): Advance {
  return { ...fail(status, 'Asynchronous action timed out'), cancel: true }
}

function fail(status: OperationStatus, error: string): Advance {
  return { status: { ...status, phase: 'Failed', error }, cancel: false }
}

function continued(status: OperationStatus): Advance {
  return { status, cancel: false }
}
