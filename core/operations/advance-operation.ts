import type { Sighting } from './look-up-operation.ts'
import type { OperationStatus } from './operations.ts'

/** What an operation is judged by. */
export interface AdvanceRules {
  nowMs: number
  /** `spec.itemOperationTimeout`, from the operation's creation. */
  timeoutMs: number
  /** How often in a row it could not be looked at, this time included. */
  misses: number
  /** So many misses in a row are taken for its end. */
  missesMax: number
}

/** The state after a look, and whether its work is to be called off. */
export interface Advance {
  status: OperationStatus
  cancel: boolean
}

/**
 * The next state of an operation that is not over. The first failed look is not its end, as it is in Velero: an API
 * server that hiccups once has not lost a download of hours. The deadline comes last, so a download that ended in time
 * but was seen late is no failure.
 */
export function advanceOperation(status: OperationStatus, sighting: Sighting, rules: AdvanceRules): Advance {
  switch (sighting.seen) {
    case 'stranger':
      return fail(status, sighting.error)
    case 'nothing':
      if (rules.misses >= rules.missesMax) return fail(status, sighting.error)
      return isLate(status, rules) ? timedOut(status) : go(status)
    case 'untouched':
      return isLate(status, rules) ? timedOut(status) : go(status)
    case 'progress': {
      const { description, nCompleted, nTotal, started, updated, end } = sighting
      const seen: OperationStatus = {
        ...status,
        ...(nCompleted === 0 ? {} : { nCompleted }),
        ...(nTotal === 0 ? {} : { nTotal }),
        operationUnits: 'Bytes',
        description,
        ...(started === undefined ? {} : { started }),
        ...(updated === undefined ? {} : { updated }),
      }
      if (end !== undefined) return end.error === '' ? go({ ...seen, phase: 'Completed' }) : fail(seen, end.error)
      if (isLate(status, rules)) return timedOut(seen)
      return go(started === undefined ? seen : { ...seen, phase: 'InProgress' })
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

function go(status: OperationStatus): Advance {
  return { status, cancel: false }
}
