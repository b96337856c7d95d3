import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { SetPhaseInput } from '../../../activities/conclude/write-status.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { claimedAnnotation } from '../../../velero/labels.ts'
import type { Restore, RestoreStatus } from '../../../velero/restore.ts'
import type { FaultPlan } from '../../ports/faults.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { create, ref, restoreAt, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

interface Writing {
  /** The status of the Restore before. */
  status: RestoreStatus
  activity?: 'setPhase' | 'reportProgress' | 'tellLateResults'
  input: object
  isClaimed?: boolean
  /** What others do right before each of our patches, from the first one on. */
  meanwhile?: readonly ((world: World) => void)[]
}

async function writing({ status, activity = 'setPhase', input, isClaimed = true, meanwhile = [] }: Writing) {
  const world = createWorld(await worldAt('admitted'))
  const { annotations = {}, ...metadata } = world.cluster.look(restoreAt)?.metadata ?? { name: '' }
  const { [claimedAnnotation]: claim = '', ...others } = annotations
  const kept = isClaimed ? { ...others, [claimedAnnotation]: claim } : others
  world.cluster.amend(restoreAt, { status, metadata: { ...metadata, annotations: kept } })
  const todo = [...meanwhile]
  const faults: FaultPlan = (_n, call) => {
    if (call.name === 'patch') todo.shift()?.(world)
    return undefined
  }
  const given = { ref, ...input }
  const ended = await runAttempts({ world, create, settings, activity, input: given, faults: () => faults })
  const restore = world.cluster.look(restoreAt) as Restore | undefined
  const patches = ended.attempts.flat().filter(({ name }) => name === 'patch').length
  return { world, status: restore?.status, patches, ended }
}

const setPhase = (phase: SetPhaseInput['phase'], more: Omit<Partial<SetPhaseInput>, 'ref'> = {}) => ({ phase, ...more })
const becomes = (status: RestoreStatus) => (world: World) => world.cluster.amend(restoreAt, { status })
const gets = (labels: Record<string, string>) => (world: World) =>
  world.cluster.amend(restoreAt, { metadata: { ...world.cluster.look(restoreAt)?.metadata, labels } })

describe('a phase', () => {
  it('is entered with what goes along with it, zeros left out', async () => {
    const counts = { warnings: 0, errors: 2, operations: { attempted: 1, completed: 0, failed: 0 } }
    const { status } = await writing({
      status: { phase: 'InProgress' },
      input: setPhase('WaitingForPluginOperationsPartiallyFailed', counts),
    })
    expect(status).toEqual({
      phase: 'WaitingForPluginOperationsPartiallyFailed',
      errors: 2,
      restoreItemOperationsAttempted: 1,
    })
  })

  it('takes away a number that an earlier run wrote and that is zero now', async () => {
    const before: RestoreStatus = { phase: 'Finalizing', warnings: 3, errors: 1 }
    const { status } = await writing({ status: before, input: setPhase('Completed', { warnings: 0, errors: 0 }) })
    expect(status).toEqual({ phase: 'Completed', completionTimestamp: expect.stringMatching(/^20\S+Z$/) })
  })

  it.each<[string, RestoreStatus, SetPhaseInput['phase']]>([
    ['leaves no terminal phase', { phase: 'Completed' }, 'Failed'],
    ['does not go back', { phase: 'Finalizing' }, 'InProgress'],
    ['is not written again', { phase: 'Finalizing' }, 'Finalizing'],
  ])('%s', async (_says, before, phase) => {
    const { status, patches, ended } = await writing({ status: before, input: setPhase(phase) })
    expect([status, patches, ended.outcome]).toEqual([before, 0, { result: { phase: before.phase } }])
  })

  it.each([
    ['comes to what the results hold', { itemsRestored: 1, totalItems: 9 }, { itemsRestored: 4, totalItems: 9 }],
    ['never goes back', { itemsRestored: 6, totalItems: 9 }, { itemsRestored: 6, totalItems: 9 }],
  ])('of a restore that ends early: its progress %s', async (_says, before, after) => {
    const input = setPhase('Failed', { progress: { itemsRestored: 4, totalItems: 9 } })
    const { status } = await writing({ status: { phase: 'InProgress', progress: before }, input })
    expect(status?.progress).toEqual(after)
  })

  it('undoes the sweep of a starting Velero server', async () => {
    const swept: RestoreStatus = {
      phase: 'Failed',
      failureReason: restartFailureReason,
      completionTimestamp: '2026-01-01T00:00:00Z',
    }
    const { status } = await writing({ status: swept, input: setPhase('Finalizing') })
    expect(status).toEqual({ phase: 'Finalizing' })
  })

  it('is not written to a restore that somebody else has begun', async () => {
    const before: RestoreStatus = { phase: 'InProgress' }
    const { status, patches } = await writing({ status: before, input: setPhase('Failed'), isClaimed: false })
    expect([status, patches]).toEqual([before, 0])
  })
})

describe('a phase that others write next to', () => {
  const input = setPhase('Finalizing', { warnings: 1 })

  it('is decided again after each conflict, and keeps what they wrote', async () => {
    const before: RestoreStatus = { phase: 'InProgress', progress: { totalItems: 3, itemsRestored: 1 } }
    const { world, status, patches } = await writing({
      status: before,
      input,
      meanwhile: [gets({ a: '1' }), becomes({ ...before, progress: { totalItems: 3, itemsRestored: 3 } })],
    })
    expect(status).toEqual({ phase: 'Finalizing', warnings: 1, progress: { totalItems: 3, itemsRestored: 3 } })
    expect(world.cluster.look(restoreAt)?.metadata.labels).toEqual({ a: '1' })
    expect(patches).toBe(3)
  })

  it('gives way to a terminal phase that comes in between', async () => {
    const failed: RestoreStatus = { phase: 'Failed', failureReason: 'by hand' }
    const { status, ended } = await writing({ status: { phase: 'InProgress' }, input, meanwhile: [becomes(failed)] })
    expect([status, ended.outcome]).toEqual([failed, { result: { phase: 'Failed' } }])
  })

  it('says that the Restore is gone where it is deleted in between', async () => {
    const { ended } = await writing({
      status: { phase: 'InProgress' },
      input,
      meanwhile: [({ cluster }) => cluster.drop(restoreAt)],
    })
    expect(ended.outcome).toMatchObject({ failure: { type: 'RestoreGone' } })
  })

  it('is tried again, however often they come in between', async () => {
    const meanwhile = Array.from({ length: 25 }, (_, n) => gets({ n: String(n) }))
    const { status, patches } = await writing({ status: { phase: 'InProgress' }, input, meanwhile })
    expect([status, patches]).toEqual([{ phase: 'Finalizing', warnings: 1 }, 26])
  })
})

describe('a phase that the API server does not take', () => {
  const refusing = (code: number, reason: string) => () => {
    throw new ApiError({ code, reason, message: 'failed calling webhook "policy": connection refused' })
  }

  it.each([
    ['an error of the server', 500, 'InternalError'],
    ['a policy or a role that forbids it', 403, 'Forbidden'],
    ['a webhook that denies it', 400, 'BadRequest'],
  ])('is tried again until it does: %s', async (_what, code, reason) => {
    const meanwhile = Array.from({ length: 4 }, () => refusing(code, reason))
    const { status, patches } = await writing({
      status: { phase: 'InProgress' },
      input: setPhase('Finalizing'),
      meanwhile,
    })
    expect([status, patches]).toEqual([{ phase: 'Finalizing' }, 5])
  })

  const always = Array.from({ length: 300 }, () => refusing(403, 'Forbidden'))

  it('is told: what is waited for has the words of the server', async () => {
    const { ended } = await writing({
      status: { phase: 'Finalizing' },
      input: setPhase('Completed', { look: { told: '' } }),
      meanwhile: always,
    })
    expect(ended.outcome).toMatchObject({
      result: {
        waitingFor: expect.stringMatching(/to take phase Completed, which is refused: failed calling webhook/),
        afterSeconds: 1,
      },
    })
  })

  it('on the way is left out after ten minutes, since it is only shown', async () => {
    const { status, ended } = await writing({
      status: { phase: 'InProgress' },
      input: setPhase('Finalizing'),
      meanwhile: always,
    })
    expect(status).toEqual({ phase: 'InProgress' })
    expect(ended.outcome).toMatchObject({
      result: { phase: 'InProgress', problem: expect.stringContaining('goes on without phase Finalizing') },
    })
  })

  it('that is the last one ends the run after an hour, with the words of the server', async () => {
    const { status, ended } = await writing({
      status: { phase: 'Finalizing' },
      input: setPhase('Completed'),
      meanwhile: always,
    })
    expect(status).toEqual({ phase: 'Finalizing' })
    const said =
      /could not take phase Completed for an hour; another run tries it again: failed calling webhook "policy"/
    expect(ended.outcome).toMatchObject({ failure: { type: 'PhaseRefused', message: expect.stringMatching(said) } })
  })

  it('ends the restore where it can never be valid, and Failed is tried on', async () => {
    const run = (phase: SetPhaseInput['phase']) =>
      writing({ status: { phase: 'InProgress' }, input: setPhase(phase), meanwhile: [refusing(422, 'Invalid')] })
    expect((await run('Finalizing')).ended.outcome).toMatchObject({ failure: { type: 'RestoreFailed' } })
    expect((await run('Failed')).ended.outcome).toMatchObject({ result: { phase: 'Failed' } })
  })
})

describe('the progress', () => {
  const progress = (itemsRestored: number) => ({ totalItems: 9, itemsRestored })
  const report = (status: RestoreStatus, itemsRestored: number) =>
    writing({ status, activity: 'reportProgress', input: { progress: progress(itemsRestored) } })

  it('goes on, and never back', async () => {
    const before: RestoreStatus = { phase: 'InProgress', progress: progress(5) }
    expect((await report(before, 7)).status?.progress).toEqual(progress(7))
    expect((await report(before, 3)).status?.progress).toEqual(progress(5))
  })

  it('of a restore that is over stays', async () => {
    const before: RestoreStatus = { phase: 'Failed', progress: progress(5) }
    expect((await report(before, 7)).status).toEqual(before)
  })
})

describe('results that are stored late', () => {
  const late = (status: RestoreStatus) =>
    writing({ status, activity: 'tellLateResults', input: { warnings: 1, errors: 2, items: 3 } })

  it('set the counts of a failed restore and take the note away', async () => {
    const failureReason = 'cancelled: enough; results not stored: the bucket was away'
    const { status } = await late({ phase: 'Failed', failureReason, progress: { itemsRestored: 1, totalItems: 9 } })
    expect(status).toEqual({
      phase: 'Failed',
      failureReason: 'cancelled: enough',
      warnings: 1,
      errors: 2,
      progress: { itemsRestored: 3, totalItems: 9 },
    })
  })

  it('change nothing of one that has not failed', async () => {
    expect((await late({ phase: 'InProgress' })).status).toEqual({ phase: 'InProgress' })
  })
})
