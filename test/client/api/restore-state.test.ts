import { describe, expect, it } from 'vitest'
import { restoreState } from '../../../client/api/restore-state.ts'
import type { ProgressAnswer } from '../../../client/api/restore-state.ts'
import { isOver } from '../../../client/api/velero-objects.ts'
import { claimedAnnotation } from '../../../velero/labels.ts'
import type { RestoreProgress } from '../../../contract/restore-workflow.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'

const restoreIn = (status: RestoreStatus, annotations: Record<string, string> = {}): Restore => ({
  apiVersion: 'velero.io/v1',
  kind: 'Restore',
  metadata: { name: 'r', annotations },
  spec: {},
  status,
})
const progress: RestoreProgress = {
  phase: 'New',
  wave: 2,
  waves: 5,
  groupResource: 'secrets',
  itemsDone: 10,
  itemsTotal: 40,
  created: 8,
  updated: 0,
  skipped: 1,
  failed: 1,
  warnings: 3,
  errors: 1,
}
const answer = (more: Partial<RestoreProgress> = {}): ProgressAnswer => ({
  answered: true,
  progress: { ...progress, ...more },
})
const noAnswer: ProgressAnswer = { answered: false, waitingFor: 'a worker' }

describe('the state of a restore', () => {
  it('has the phase of the Restore and the counts of whichever is further', () => {
    const status = { phase: 'InProgress', progress: { itemsRestored: 12, totalItems: 30 }, errors: 0 } as const
    expect(restoreState('r', restoreIn(status), answer())).toEqual({
      name: 'r',
      phase: 'InProgress',
      over: false,
      wave: 2,
      waves: 5,
      groupResource: 'secrets',
      itemsDone: 12,
      itemsTotal: 40,
      warnings: 3,
      errors: 1,
    })
  })

  it('has no wave before the first one', () => {
    expect(restoreState('r', restoreIn({}), answer({ wave: 0, waves: 0 }))).not.toHaveProperty('wave')
  })

  it('says what is waited for, until the restore is over', () => {
    expect(restoreState('r', restoreIn({ phase: 'InProgress' }), noAnswer).waitingFor).toBe('a worker')
    expect(restoreState('r', restoreIn({ phase: 'Completed' }), noAnswer)).not.toHaveProperty('waitingFor')
  })

  it('is Gone where the Restore is', () => {
    expect(restoreState('r', undefined, answer())).toMatchObject({ phase: 'Gone', over: true })
  })
})

describe('a restore', () => {
  const swept: RestoreStatus = {
    phase: 'Failed',
    failureReason: 'found a restore with status "InProgress" during the server starting, mark it as "Failed"',
  }

  it('that a starting Velero server has marked as Failed is not over, where it is ours', () => {
    expect(isOver(restoreIn(swept, { [claimedAnnotation]: 'w, location default' }))).toBe(false)
    expect(isOver(restoreIn(swept))).toBe(true)
  })
})
