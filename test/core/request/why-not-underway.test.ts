import { describe, expect, it } from 'vitest'
import { whyNotUnderway } from '../../../core/request/why-not-underway.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { claimedAnnotation, runAnnotation } from '../../../velero/labels.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'

const claimed = { [claimedAnnotation]: 'worker-1' }

function restoreWith(status: RestoreStatus, annotations: Record<string, string> = claimed): Restore {
  const at = { name: 'again', namespace: 'velero', uid: 'u', annotations }
  return { apiVersion: 'velero.io/v1', kind: 'Restore', metadata: at, spec: {}, status } as Restore
}

describe('a run may write for its restore', () => {
  it.each<[string, Restore, number]>([
    ['in progress', restoreWith({ phase: 'InProgress' }), 1],
    ['that is finalized', restoreWith({ phase: 'FinalizingPartiallyFailed' }), 1],
    ['marked by a starting Velero server', restoreWith({ phase: 'Failed', failureReason: restartFailureReason }), 1],
    ['in the same retry', restoreWith({ phase: 'InProgress' }, { ...claimed, [runAnnotation]: '3' }), 3],
  ])('%s', (_what, restore, run) => {
    expect(whyNotUnderway(restore, run)).toBeUndefined()
  })

  it('that has failed, to store its results late', () => {
    const failed = restoreWith({ phase: 'Failed', failureReason: 'cancelled' })
    expect(whyNotUnderway(failed, 1, { after: 'failure' })).toBeUndefined()
    expect(whyNotUnderway(restoreWith({ phase: 'Completed' }), 1, { after: 'failure' })).toBeDefined()
  })

  it('that has ended in this run, to take away what it has left', () => {
    expect(whyNotUnderway(restoreWith({ phase: 'Completed' }), 1, { after: 'end' })).toBeUndefined()
    const retried = restoreWith({ phase: 'Failed' }, { ...claimed, [runAnnotation]: '2' })
    expect(whyNotUnderway(retried, 1, { after: 'end' })).toMatchObject({ over: true })
  })
})

describe('a run writes nothing for a restore', () => {
  it.each<[string, Restore, number, object]>([
    ['nobody has claimed', restoreWith({ phase: 'InProgress' }, {}), 1, { why: 'is not claimed', over: false }],
    ['that is new', restoreWith({ phase: 'New' }), 1, { over: false }],
    ['that has ended', restoreWith({ phase: 'PartiallyFailed' }), 1, { over: true }],
    ['that was cancelled', restoreWith({ phase: 'Failed', failureReason: 'cancelled' }), 1, { over: true }],
    [
      'in another run',
      restoreWith({ phase: 'InProgress' }, { ...claimed, [runAnnotation]: '2' }),
      1,
      { why: 'is in run 2, not in run 1', over: true },
    ],
  ])('%s', (_what, restore, run, found) => {
    expect(whyNotUnderway(restore, run)).toMatchObject(found)
  })
})
