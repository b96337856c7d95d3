import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { fatal, gone, phaseRefused } from '../../../activities/frame/failures.ts'
import { planQuery, progressQuery } from '../../../contract/restore-workflow.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { aPlan, admissionUntilCancelled, beating, conclusion, created, stories } from '../../workflows/story.ts'

const tell = stories()
const phasesOf = ({ phases }: { phases: { phase: string }[] }) => phases.map(({ phase }) => phase)

describe('the story of a restore', () => {
  it('that goes well: admitted, planned, restored, concluded, finalized, Completed', async () => {
    const told = await tell({})
    expect(await told.handle.result()).toEqual({ phase: 'Completed', items: 3, warnings: 0, errors: 0 })
    expect(phasesOf(told)).toEqual(['Finalizing', 'Completed'])
    const order = told.calls.filter(
      (call) => !/^(reportProgress|requestLocks|tellWait|listFinalizeTasks|finalizeRestore)/.test(call),
    )
    expect(order.slice(0, 2)).toEqual(['admitRestore', 'planRestore'])
    expect(order.slice(2, 4).sort()).toEqual(['restoreChunk 0/0', 'restoreChunk 0/1'])
    expect(order.slice(4)).toEqual(['concludeRestore', 'setPhase Finalizing', 'setPhase Completed', 'writeReport'])
  })

  it('has its result files written beside the last write of its progress, and its next phase after it', async () => {
    const concluded = Promise.withResolvers<void>()
    const reporting = Promise.withResolvers<void>()
    const order: string[] = []
    const told = await tell({
      // Two chunks that end in the same moment leave the progress to the next phase.
      restoreChunk: async ({ chunk }) => {
        if (chunk === 1) await beating(reporting.promise)
        return created(chunk === 0 ? 2 : 1)
      },
      reportProgress: async () => {
        reporting.resolve()
        await beating(concluded.promise)
        order.push('progress')
      },
      concludeRestore: () => (concluded.resolve(), conclusion()),
      setPhase: ({ phase }) => (order.push(phase), { phase }),
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    expect(order).toEqual(['progress', 'Finalizing', 'Completed'])
  })

  it('with an error shows it in every later phase', async () => {
    const told = await tell({
      restoreChunk: () => created(1, { errors: 1, failed: 1 }),
      concludeRestore: () => conclusion({ errors: 2, warnings: 1 }),
    })
    expect(await told.handle.result()).toEqual({ phase: 'PartiallyFailed', items: 3, warnings: 1, errors: 2 })
    expect(phasesOf(told)).toEqual(['FinalizingPartiallyFailed', 'PartiallyFailed'])
    expect(told.phases.at(-1)).toMatchObject({ errors: 2, warnings: 1, progress: { totalItems: 3, itemsRestored: 3 } })
  })

  it('tries a slow item again beside the next waves, and ends after it', async () => {
    const next = Promise.withResolvers<void>()
    const told = await tell({
      planRestore: () => aPlan({ secrets: [1], configmaps: [1] }),
      restoreChunk: async ({ wave, pass }) => {
        if (wave === 1) next.resolve()
        if (wave === 1) return created(1)
        if (pass === undefined) return created(0, { items: 1, parked: 1, slow: 1 })
        await beating(next.promise)
        return created(1)
      },
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    expect(told.calls.filter((call) => call.startsWith('restoreChunk')).slice(0, 1)).toEqual(['restoreChunk 0/0'])
    expect(told.calls.filter((call) => call === 'restoreChunk 0/0')).toHaveLength(2)
  })

  it.each([
    ['after all went well', () => created(2)],
    ['after it has failed', () => Promise.reject(fatal('no'))],
  ])(
    'whose last phase is refused %s fails with the reason, and ends nothing: its next run does',
    async (_when, chunk) => {
      const refused = ({ phase }: { phase: string }) => {
        if (phase === 'Finalizing') return { phase }
        throw phaseRefused('a policy forbids it')
      }
      const told = await tell({ restoreChunk: chunk, setPhase: refused })
      await expect(told.handle.result()).rejects.toMatchObject({
        cause: { type: 'PhaseRefused', message: 'a policy forbids it' },
      })
      expect(told.calls.filter((call) => /^setPhase (Completed|Failed)$/.test(call))).toHaveLength(1)
    },
  )

  it('with warnings alone is Completed', async () => {
    const told = await tell({ concludeRestore: () => conclusion({ warnings: 4 }) })
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed', warnings: 4 })
  })

  it('whose finalization adds an error is concluded once more and ends PartiallyFailed', async () => {
    let concluded = 0
    const told = await tell({
      concludeRestore: () => conclusion({ errors: concluded++ }),
      finalizeRestore: ({ task }) => ({ messages: task === 'last' ? 1 : 0 }),
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    expect(phasesOf(told)).toEqual(['Finalizing', 'PartiallyFailed'])
    expect(concluded).toBe(2)
  })

  const operations = (completed: number, failed: number, unfinished: number) => ({
    attempted: 2,
    completed,
    failed,
    unfinished,
  })

  it.each([
    {
      name: 'while it waits for the others',
      looks: [operations(0, 0, 2), operations(0, 1, 1), operations(1, 1, 0)],
      waits: ['WaitingForPluginOperations', 'WaitingForPluginOperationsPartiallyFailed'],
    },
    {
      name: 'at once where it was the last',
      looks: [operations(0, 0, 2), operations(1, 1, 0)],
      waits: ['WaitingForPluginOperations'],
    },
  ])('waits for operations in a phase of its own, and shows a failure $name', async ({ looks, waits }) => {
    const left = [...looks]
    let concluded = 0
    const told = await tell({
      concludeRestore: () => conclusion({ operations: 2, errors: Math.min(1, concluded++) }),
      pollOperations: () => left.shift(),
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    expect(phasesOf(told)).toEqual([...waits, 'FinalizingPartiallyFailed', 'PartiallyFailed'])
    expect(told.phases.at(-1)).toMatchObject({ operations: { attempted: 2, completed: 1, failed: 1 } })
  })

  it.each(['FailedValidation', 'Failed', 'Completed', 'New', 'Gone'] as const)(
    'that is over as %s writes nothing',
    async (phase) => {
      const told = await tell({ admitRestore: () => ({ do: 'over', phase }) })
      expect(await told.handle.result()).toMatchObject({ phase, items: 0 })
      expect(told.calls).toEqual(['admitRestore'])
    },
  )

  it('that cannot be planned ends Failed with the reason, results put once', async () => {
    const told = await tell({
      planRestore: () => {
        throw fatal('the tarball has changed')
      },
    })
    await expect(told.handle.result()).rejects.toMatchObject({
      cause: { message: 'restore execution failed: the tarball has changed' },
    })
    expect(told.phases).toMatchObject([
      { phase: 'Failed', failureReason: 'restore execution failed: the tarball has changed', fence: true },
    ])
    expect(told.calls.filter((call) => call === 'concludeRestore')).toHaveLength(1)
  })

  it('whose results cannot be stored at the end says so', async () => {
    const told = await tell({
      planRestore: () => {
        throw fatal('no plan')
      },
      concludeRestore: () => {
        throw ApplicationFailure.nonRetryable('the bucket is gone')
      },
    })
    await expect(told.handle.result()).rejects.toThrow()
    expect(told.phases.at(-1)?.failureReason).toBe(
      'restore execution failed: no plan; results not stored: the bucket is gone',
    )
  })

  it('whose Restore vanishes ends without a phase', async () => {
    const told = await tell({
      restoreChunk: () => {
        throw gone('Restore velero/again is no more')
      },
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'Gone' })
    expect(told.phases).toEqual([])
  })

  it('in which one chunk fails lets those beside it end first', async () => {
    let ended = false
    const told = await tell({
      restoreChunk: async ({ chunk }) => {
        if (chunk === 0) throw fatal('chunk 0 cannot be')
        await new Promise((resolve) => setTimeout(resolve, 500))
        ended = true
        return created(1)
      },
      concludeRestore: () => {
        expect(ended).toBe(true)
        return conclusion()
      },
    })
    await expect(told.handle.result()).rejects.toThrow()
    expect(told.phases.at(-1)).toMatchObject({
      phase: 'Failed',
      failureReason: 'restore execution failed: chunk 0 cannot be',
    })
  })

  it('in which one chunk fails begins no further one', async () => {
    const failureSeen = Promise.withResolvers<void>()
    const told = await tell({
      planRestore: () => aPlan({ secrets: Array.from({ length: 12 }, () => 1) }),
      restoreChunk: async ({ chunk }) => {
        if (chunk === 0) throw fatal('chunk 0 cannot be')
        await beating(failureSeen.promise)
        return created(1)
      },
    })
    const hasSeenFailure = async () => {
      const { events } = await told.handle.fetchHistory()
      const failed = events?.findIndex((event) => event.activityTaskFailedEventAttributes) ?? -1
      return failed >= 0 && events!.slice(failed).some((event) => event.workflowTaskCompletedEventAttributes)
    }
    await waitUntil(hasSeenFailure, 60_000, 'the workflow to have seen the failure')
    failureSeen.resolve()
    await expect(told.handle.result()).rejects.toThrow()
    expect(told.calls.filter((call) => call.startsWith('restoreChunk'))).toHaveLength(4)
  })

  it('restores what goes into terminating namespaces after everything else, each waited for once', async () => {
    const told = await tell({
      planRestore: () => aPlan({ namespaces: [2], secrets: [2] }),
      restoreChunk: ({ wave, only }) =>
        wave === 0 && only === undefined ? created(1, { terminating: ['late', 'lost'] }) : created(2),
      awaitNamespace: ({ name }) => ({ gone: name === 'late' }),
    })
    await told.handle.result()
    const { events } = await told.handle.fetchHistory()
    const inputs = (events ?? [])
      .filter(({ activityTaskScheduledEventAttributes: at }) => at?.activityType?.name === 'restoreChunk')
      .map(
        ({ activityTaskScheduledEventAttributes: at }) =>
          JSON.parse(Buffer.from(at?.input?.payloads?.[0]?.data ?? []).toString()) as object,
      )
    expect(inputs).toMatchObject([
      { wave: 0, except: [] },
      { wave: 1, except: ['late', 'lost'] },
      { wave: 0, only: ['late', 'lost'], lost: ['lost'] },
      { wave: 1, only: ['late', 'lost'], lost: ['lost'] },
    ])
    expect(told.calls.filter((call) => call.startsWith('awaitNamespace')).sort()).toEqual([
      'awaitNamespace late',
      'awaitNamespace lost',
    ])
  })

  it('that carries on from an earlier run fences its chunks and its end', async () => {
    const resumed: boolean[] = []
    const told = await tell({
      admitRestore: () => ({ do: 'restore', location: 'default', resumed: true, startedAt: 't', backup: 'shop' }),
      restoreChunk: (input) => {
        resumed.push(input.resumed)
        return created(1)
      },
    })
    await told.handle.result()
    expect(resumed).toEqual([true, true])
    expect(told.phases.at(-1)).toMatchObject({ phase: 'Completed', fence: true })
  })

  it('answers queries from the first task on', async () => {
    const told = await tell(admissionUntilCancelled())
    await told.called('admitRestore')
    expect(await told.handle.query(progressQuery)).toMatchObject({ phase: 'New', wave: 0, itemsDone: 0 })
    expect(await told.handle.query(planQuery)).toBeUndefined()
    await told.handle.cancel()
    await expect(told.handle.result()).rejects.toThrow()
  })
})
