import { expect, it } from 'vitest'
import { phaseEvent } from '../../../core/results/restore-status.ts'

it.each([
  [{ phase: 'InProgress' }, 'Normal', 'the restore is in phase InProgress'],
  [{ phase: 'Completed', warnings: 1 }, 'Normal', 'the restore is in phase Completed: 1 warning'],
  [
    { phase: 'PartiallyFailed', errors: 2, warnings: 3 },
    'Warning',
    'the restore is in phase PartiallyFailed: 2 errors, 3 warnings',
  ],
  [
    { phase: 'Failed', failureReason: 'cancelled: by hand' },
    'Warning',
    'the restore is in phase Failed: cancelled: by hand',
  ],
  [
    { phase: 'FailedValidation', validationErrors: ['a', 'b'] },
    'Warning',
    'the restore is in phase FailedValidation: a: b',
  ],
] as const)('an Event tells of %j', (status, type, note) => {
  const copy = JSON.parse(JSON.stringify(status)) as Parameters<typeof phaseEvent>[0]
  expect(phaseEvent(copy)).toEqual({ type, reason: status.phase, note })
})

it.each([undefined, {}, { phase: '' }, { phase: 'New' }] as const)('there is no Event of %j', (status) => {
  expect(phaseEvent(status)).toBeUndefined()
})
