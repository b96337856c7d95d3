import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import {
  cancelSignal,
  lookSignal,
  pauseSignal,
  progressQuery,
  resumeSignal,
  sweptSignal,
} from '../../../contract/restore-workflow.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { aPlan, admissionUntilCancelled, beating, created, stories, untilCancelled } from '../../workflows/story.ts'
import type { Fakes, Told } from '../../workflows/story.ts'

const tell = stories()

const admitted = { do: 'restore', location: 'default', resumed: false, startedAt: 't', backup: 'shop' } as const
const chunksOf = ({ calls }: Told) => calls.filter((call) => call.startsWith('restoreChunk'))
const isPaused = async ({ handle }: Told, because: string) =>
  (await handle.query(progressQuery)).waitingFor === `resume: paused ${because}`

async function endsCancelled(told: Told, reason: string): Promise<void> {
  await expect(told.handle.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' })
  expect((await told.handle.describe()).status.name).toBe('CANCELLED')
  expect(told.phases.at(-1)).toMatchObject({ phase: 'Failed', failureReason: reason })
  expect(chunksOf(told)).toEqual([])
}

/** A Restore on which pauses are written; what stands there may be changed from outside. */
function restoreThatKeeps(pause?: string): { standing: { pause?: string }; fakes: Fakes } {
  const standing: { pause?: string } = pause === undefined ? {} : { pause }
  return {
    standing,
    fakes: {
      admitRestore: () => ({ ...admitted, levels: { ...standing } }),
      readLevels: () => ({ ...standing }),
      notePause: ({ because }) => {
        delete standing.pause
        if (because !== undefined) standing.pause = because
      },
    },
  }
}

describe('a run that begins', () => {
  it('restores nothing where its Restore is cancelled', async () => {
    const told = await tell({ admitRestore: () => ({ ...admitted, levels: { cancel: 'enough', pause: 'lunch' } }) })
    await endsCancelled(told, 'cancelled: enough')
    expect(told.calls).toContain('concludeRestore')
  })

  it('stores results where the cancel comes when its admission has claimed the Restore', async () => {
    const told = await tell(admissionUntilCancelled({ ...admitted, resumed: true }))
    await told.called('admitRestore')
    await told.handle.signal(cancelSignal, 'enough')
    await endsCancelled(told, 'cancelled: enough')
    const end = ['admitRestore', 'awaitLastWrites', 'removeLeftovers', 'concludeRestore', 'setPhase Failed']
    expect(told.calls.filter((call) => end.includes(call))).toEqual(['admitRestore', ...end])
  })

  it('restores nothing where its Restore is being deleted, and writes no result files', async () => {
    const told = await tell({ admitRestore: () => ({ ...admitted, resumed: true, levels: { deleted: true } }) })
    await endsCancelled(told, 'cancelled: the Restore was deleted')
    expect(told.calls).not.toContain('concludeRestore')
  })

  it('is paused where its Restore is, until that is looked at again', async () => {
    const { standing, fakes } = restoreThatKeeps('lunch')
    const told = await tell(fakes)
    await waitUntil(() => isPaused(told, 'lunch'), 60_000, 'the pause')
    await told.called('planRestore')
    expect(chunksOf(told)).toEqual([])
    delete standing.pause
    await told.handle.signal(lookSignal)
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
  })
})

describe('a pause by signal', () => {
  it('is written onto the Restore, where the next run finds it, and taken off when it is over', async () => {
    const { standing, fakes } = restoreThatKeeps('breakfast')
    const told = await tell(fakes)
    await told.called('planRestore')
    await told.handle.signal(pauseSignal, 'lunch')
    await waitUntil(() => standing.pause === 'lunch', 60_000, 'the pause to be written')
    await told.handle.signal(lookSignal)
    await told.called('readLevels')
    expect(await isPaused(told, 'lunch')).toBe(true)
    await told.handle.signal(resumeSignal)
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    expect(standing).toEqual({})
  })

  it('is taken off the Restore by a cancel', async () => {
    const { standing, fakes } = restoreThatKeeps('lunch')
    const told = await tell(fakes)
    await told.called('planRestore')
    await told.handle.signal('cancel', 'enough')
    await endsCancelled(told, 'cancelled: enough')
    await waitUntil(() => standing.pause === undefined, 10_000, 'the pause to be taken off')
  })
})

describe('a run that is told to look', () => {
  it.each([
    [{ cancel: 'enough' }, 'cancelled: enough'],
    [{ deleted: true }, 'cancelled: the Restore was deleted'],
  ])('does what %j asks for', async (levels, reason) => {
    const told = await tell({ planRestore: untilCancelled, readLevels: () => levels })
    await told.called('planRestore')
    await told.handle.signal(lookSignal)
    await endsCancelled(told, reason)
  })
})

describe('a sweep that is told again and again', () => {
  it('is put back by one activity at a time', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    const told = await tell({ putBackPhase: () => held, restoreChunk: async () => (await held, created(1)) })
    await told.called('restoreChunk')
    for (let times = 0; times < 5; times++) await told.handle.signal(sweptSignal)
    await told.called('putBackPhase')
    letGo()
    await told.handle.result()
    expect(told.calls.filter((call) => call.startsWith('putBackPhase'))).toHaveLength(1)
  })
})

it('a restore that fails asks what is tried beside the waves to stop, also where more of it is left than may run and it is paused', async () => {
  const isTried = Promise.withResolvers<void>()
  const told = await tell({
    planRestore: () => aPlan({ pods: [1, 1, 1, 1, 1, 1], secrets: [1] }),
    restoreChunk: async ({ wave, pass }) => {
      if (wave === 0 && pass === undefined) return created(1, { parked: 1, slow: 1 })
      if (wave === 0) {
        isTried.resolve()
        await untilCancelled().catch(() => undefined)
        return created(1)
      }
      await beating(isTried.promise)
      await told.handle.signal(pauseSignal)
      throw ApplicationFailure.nonRetryable('the archive has changed')
    },
  })
  await expect(told.handle.result()).rejects.toThrow()
  expect(told.phases.at(-1)).toMatchObject({
    phase: 'Failed',
    failureReason: 'restore execution failed: the archive has changed',
  })
})
