import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decidePhase, isSweptByVelero, nextPhase } from '../../../core/results/restore-status.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { isTerminal, restorePhases } from '../../../velero/phases.ts'
import type { RestorePhase } from '../../../velero/phases.ts'
import type { RestoreStatus } from '../../../velero/restore.ts'

const swept: RestoreStatus = { phase: 'Failed', failureReason: restartFailureReason, completionTimestamp: 't' }
const phases = fc.constantFrom(...restorePhases)

/** The way of a restore, as the phase diagram has it. */
const way: RestorePhase[] = [
  'New',
  'InProgress',
  'WaitingForPluginOperations',
  'WaitingForPluginOperationsPartiallyFailed',
  'Finalizing',
  'FinalizingPartiallyFailed',
]

describe('a change of phase', () => {
  it.each<[RestoreStatus, RestorePhase]>([
    [{}, 'InProgress'],
    [{ phase: '' }, 'FailedValidation'],
    [{ phase: 'New' }, 'InProgress'],
    [{ phase: 'InProgress' }, 'WaitingForPluginOperations'],
    [{ phase: 'InProgress' }, 'FinalizingPartiallyFailed'],
    [{ phase: 'WaitingForPluginOperations' }, 'WaitingForPluginOperationsPartiallyFailed'],
    [{ phase: 'Finalizing' }, 'Completed'],
    [{ phase: 'FinalizingPartiallyFailed' }, 'PartiallyFailed'],
    [{ phase: 'InProgress' }, 'Failed'],
  ])('from %j to %s is made', (live, phase) => {
    expect(decidePhase(live, { phase })).toEqual({ do: 'set', status: { phase } })
  })

  it('never leaves a terminal phase', () => {
    fc.assert(
      fc.property(phases.filter(isTerminal), phases, fc.string(), (live, wanted, failureReason) => {
        fc.pre(failureReason !== restartFailureReason)
        expect(decidePhase({ phase: live, failureReason }, { phase: wanted }).do).toBe('leave')
      }),
    )
  })

  it('never goes back', () => {
    for (const [from, live] of way.entries()) {
      for (const wanted of way.slice(0, from)) {
        expect(decidePhase({ phase: live }, { phase: wanted }), `${live} to ${wanted}`).toEqual({
          do: 'leave',
        })
      }
    }
  })

  it('that is there already is not written again, unless something else comes with it', () => {
    const live: RestoreStatus = { phase: 'Finalizing', errors: 2 }
    expect(decidePhase(live, { phase: 'Finalizing', errors: 2 })).toEqual({ do: 'leave' })
    expect(decidePhase(live, { phase: 'Finalizing', errors: 3 })).toMatchObject({ do: 'set' })
    expect(decidePhase({ phase: 'Completed' }, { phase: 'Completed' })).toEqual({
      do: 'leave',
    })
  })

  it('is the same decision the second time, whatever the first one wrote', () => {
    fc.assert(
      fc.property(phases, phases, (live, wanted) => {
        const first = decidePhase({ phase: live }, { phase: wanted })
        const after = first.do === 'set' ? first.status : { phase: live }
        expect(decidePhase(after, { phase: wanted }).do).toBe('leave')
      }),
    )
  })
})

describe('the sweep of a starting Velero server', () => {
  it.each<RestorePhase>(['InProgress', 'Finalizing', 'WaitingForPluginOperationsPartiallyFailed'])(
    'is undone by entering %s: reason and time go',
    (phase) => {
      expect(decidePhase(swept, { phase })).toEqual({
        do: 'set',
        status: { phase, failureReason: null, completionTimestamp: null },
      })
    },
  )

  it('is overwritten by our own end of it', () => {
    const wanted = { phase: 'Failed', failureReason: 'cancelled: enough', completionTimestamp: 'later' } as const
    expect(decidePhase(swept, wanted)).toEqual({ do: 'set', status: wanted })
    expect(decidePhase(swept, { phase: 'Completed', completionTimestamp: 'later' })).toEqual({
      do: 'set',
      status: { phase: 'Completed', failureReason: null, completionTimestamp: 'later' },
    })
  })

  it('is known by its exact words alone', () => {
    expect(isSweptByVelero(swept)).toBe(true)
    expect(isSweptByVelero({ ...swept, failureReason: `${restartFailureReason}.` })).toBe(false)
    expect(isSweptByVelero({ ...swept, phase: 'PartiallyFailed' })).toBe(false)
    expect(isSweptByVelero({ phase: 'Failed' })).toBe(false)
  })
})

describe('the phase of a stage', () => {
  it('tells of errors from the first one on', () => {
    expect((['operations', 'finalizing', 'done'] as const).map((stage) => nextPhase(stage, 0))).toEqual([
      'WaitingForPluginOperations',
      'Finalizing',
      'Completed',
    ])
    expect((['operations', 'finalizing', 'done'] as const).map((stage) => nextPhase(stage, 1))).toEqual([
      'WaitingForPluginOperationsPartiallyFailed',
      'FinalizingPartiallyFailed',
      'PartiallyFailed',
    ])
  })
})
