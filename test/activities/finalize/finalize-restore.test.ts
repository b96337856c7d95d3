import { describe, expect, it } from 'vitest'
import { finalizeRestore, listFinalizeTasks, listTasks } from '../../../activities/finalize/finalize-restore.ts'
import type { FinalizeInput, FinalizeReport } from '../../../activities/finalize/finalize-restore.ts'
import { askedBy, resourceTimeout } from '../../../activities/finalize/task.ts'
import type { FinalizeTask } from '../../../activities/finalize/task.ts'
import { finalizeTasks } from '../../../activities/finalize/tasks.ts'
import { gone } from '../../../activities/frame/failures.ts'
import { readOutcomes } from '../../../activities/frame/journal.ts'
import type { Wait } from '../../../contract/look.ts'
import { error, warning } from '../../../core/items/outcome.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { finalizing, ref } from '../../kit/finalizing.ts'
import type { Finalizing } from '../../kit/finalizing.ts'

const away = new ApiError({ code: 503, reason: 'ServiceUnavailable', message: 'try again' })

function aTask(run: FinalizeTask['run'], more: Partial<FinalizeTask> = {}): FinalizeTask {
  return { name: 'look', title: 'look around', deadlineSeconds: () => 60, run, ...more }
}

/** Runs the activity with these tasks, as a worker that began anew: nothing is remembered but the journal. */
function runIn(world: Finalizing, tasks: readonly FinalizeTask[], input: Partial<FinalizeInput> = {}) {
  const activity = finalizeRestore({ ...world.parts, tasks })
  return (attempt: number): Promise<FinalizeReport | Wait> =>
    world.attempt(() => activity({ ref, task: 'look', deadlineSeconds: 60, ...input }), attempt)
}

async function messagesIn({ session }: Finalizing): Promise<string[]> {
  const outcomes = await readOutcomes(session.journal, 'finalize/look')
  return outcomes.flatMap(({ messages }) => messages.map(({ severity, text }) => `${severity}: ${text}`))
}

describe('the list of finalization tasks', () => {
  it('has each name once, and forgets the journal last', () => {
    const names = finalizeTasks.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.at(-1)).toBe('tidy-journal')
  })

  it('has for a restore the tasks that it wants, in order, with their deadlines', async () => {
    const world = await finalizing({ settings: { resourceTimeoutSeconds: 90 } })
    const none = async () => ({ messages: [] })
    const tasks = [
      aTask(none, { name: 'second', deadlineSeconds: resourceTimeout }),
      aTask(none, { name: 'off', isWanted: () => false }),
      aTask(none, { name: 'first' }),
    ]
    expect(await world.attempt(() => listFinalizeTasks({ ...world.parts, tasks })({ ref }))).toEqual({
      tasks: [
        { name: 'second', title: 'look around', deadlineSeconds: 90 },
        { name: 'first', title: 'look around', deadlineSeconds: 60 },
      ],
    })
  })

  it('leaves out those whose work is done, and keeps one that may always have some', async () => {
    const { session, parts } = await finalizing()
    const left = {
      newVolumes: false,
      leftovers: true,
      lostOwners: false,
      workloadsAtZero: false,
      hooks: false,
      traces: false,
    }
    const names = listTasks(session, { ...parts, settings: { ...parts.settings, validate: true } }, left)
    expect(names.map(({ name }) => name)).toEqual(['clean-up', 'validate'])
  })

  it('leaves out none that would do anything: each finds nothing in a restore that has none of its work', async () => {
    const { context, cluster, run } = await finalizing({ outcomes: [] })
    const before = JSON.stringify(cluster.objects())
    for (const task of finalizeTasks.filter(({ work }) => work !== undefined)) {
      const { messages, hookStatus = {} } = await run(task)
      expect({ messages, hookStatus }, task.name).toEqual({ messages: [], hookStatus: {} })
    }
    expect(JSON.stringify(cluster.objects())).toBe(before)
    expect(await context.session.journal.list('')).toEqual(['facts', 'outcomes/waves/0/a-0000'])
  })

  it('has one that cannot be listed as one with an error, beside the others', async () => {
    const world = await finalizing()
    const broken = aTask(async () => ({ messages: [] }), {
      isWanted: () => {
        throw new TypeError('x is no function')
      },
    })
    const tasks = [broken, aTask(async () => ({ messages: [] }), { name: 'second' })]
    expect((await world.attempt(() => listFinalizeTasks({ ...world.parts, tasks })({ ref }))).tasks).toMatchObject([
      { name: 'look', problem: expect.stringContaining('finalization task look has a defect') },
      { name: 'second' },
    ])
  })

  it.each([
    { annotation: undefined, setting: true, wanted: true },
    { annotation: undefined, setting: false, wanted: false },
    { annotation: 'true', setting: false, wanted: true },
    { annotation: 'false', setting: true, wanted: false },
  ])('asks the Restore, then the worker: $annotation, $setting', async ({ annotation, setting, wanted }) => {
    const annotations: Record<string, string> = annotation === undefined ? {} : { 'drydock.io/look': annotation }
    const { session, parts } = await finalizing({ annotations, settings: { validate: setting } })
    expect(askedBy('drydock.io/look', 'validate')(session, parts.settings)).toBe(wanted)
  })
})

describe('a finalization task', () => {
  it('has its messages journalled under its name', async () => {
    const world = await finalizing()
    const task = aTask(async () => ({ messages: [warning('cluster', 'a'), error('velero', 'b')], hookStatus: {} }))
    expect(await runIn(world, [task])(1)).toEqual({ messages: 2, hookStatus: {} })
    expect(await messagesIn(world)).toEqual(['warning: a', 'error: b'])
  })

  it('is not run again once its result stands: the result is reported', async () => {
    const world = await finalizing()
    let runs = 0
    const task = aTask(async () => ({
      messages: [warning('cluster', `run ${++runs}`)],
      hookStatus: { hooksFailed: 1 },
    }))
    await runIn(world, [task])(1)
    expect(await runIn(world, [task])(2)).toEqual({ messages: 1, hookStatus: { hooksFailed: 1 } })
    expect(await messagesIn(world)).toEqual(['warning: run 1'])
  })

  it('keeps the first result where an attempt that was lost comes back', async () => {
    const world = await finalizing()
    const next = runIn(world, [aTask(async () => ({ messages: [warning('cluster', 'soon')] }))])
    const lost = aTask(async () => {
      await next(2)
      return { messages: [warning('cluster', 'late')] }
    })
    await runIn(world, [lost])(1)
    expect(await messagesIn(world)).toEqual(['warning: soon'])
  })

  it('is tried again while what it meets may pass, and becomes one error after its deadline', async () => {
    const world = await finalizing()
    const run = runIn(world, [aTask(() => Promise.reject(away))])
    await expect(run(1)).rejects.toThrow('finalization task look')
    await world.clock.advance(59_000)
    await expect(run(2)).rejects.toThrow('finalization task look')
    await world.clock.advance(1_000)
    expect(await run(3)).toEqual({ messages: 1 })
    expect(await messagesIn(world)).toEqual([
      expect.stringMatching(/^error: finalization task look: .*given up after 1m0s/),
    ])
  })

  it('says what it has waited for in an attempt that begins after its deadline', async () => {
    const world = await finalizing()
    const task = aTask(async ({ isOver }) =>
      isOver() ? { messages: [warning('cluster', 'not ready')] } : Promise.reject(away),
    )
    await expect(runIn(world, [task])(1)).rejects.toThrow()
    await world.clock.advance(60_000)
    await runIn(world, [task])(2)
    expect(await messagesIn(world)).toEqual(['warning: not ready'])
  })

  it('that the cluster refuses becomes one error at once', async () => {
    const world = await finalizing()
    const refused = new ApiError({ code: 403, reason: 'Forbidden', message: 'pods is forbidden' })
    await runIn(world, [aTask(() => Promise.reject(refused))])(1)
    expect(await messagesIn(world)).toEqual(['error: finalization task look: pods is forbidden'])
  })

  it('with a defect becomes one error after three attempts', async () => {
    const world = await finalizing()
    const run = runIn(world, [aTask(() => Promise.reject(new TypeError('x is not a function')))])
    await expect(run(1)).rejects.toThrow('x is not a function')
    await expect(run(2)).rejects.toThrow('x is not a function')
    expect(await run(3)).toEqual({ messages: 1 })
    expect(await messagesIn(world)).toEqual([
      'error: finalization task look has a defect and was given up after 3 attempts: TypeError: x is not a function',
    ])
  })

  it('ends the restore where the Restore is gone', async () => {
    const world = await finalizing()
    await expect(runIn(world, [aTask(() => Promise.reject(gone('no more')))])(1)).rejects.toMatchObject({
      type: 'RestoreGone',
      nonRetryable: true,
    })
  })

  it('that this worker does not know is left to another one, and becomes one error after its deadline', async () => {
    const world = await finalizing()
    const run = runIn(world, [])
    await expect(run(1)).rejects.toMatchObject({ type: 'UnknownTask', nonRetryable: false })
    expect(await messagesIn(world)).toEqual([])
    await world.clock.advance(60_000)
    expect(await run(2)).toEqual({ messages: 1 })
    expect(await messagesIn(world)).toEqual([
      expect.stringContaining('this worker does not know the finalization task look'),
    ])
  })

  it('that ran out of time has its problem recorded, and is not run', async () => {
    const world = await finalizing()
    const run = runIn(world, [aTask(() => Promise.reject(new Error('not to be run')))], { problem: 'it took too long' })
    expect(await run(1)).toEqual({ messages: 1 })
    expect(await messagesIn(world)).toEqual(['error: it took too long'])
  })

  it('that was not listed runs only where it is wanted: restores of earlier versions ask for every task', async () => {
    const world = await finalizing()
    const task = aTask(async () => ({ messages: [warning('cluster', 'seen')] }), { isWanted: () => false })
    const activity = finalizeRestore({ ...world.parts, tasks: [task] })
    expect(await world.attempt(() => activity({ ref, task: 'look' }))).toEqual({ messages: 0 })
  })

  it('waits for the attempt before it to end', async () => {
    const world = await finalizing()
    const fenced: string[] = []
    const fence = async (scope: string) => void fenced.push(scope)
    const ports = { ...world.parts.ports, presence: { ...world.parts.ports.presence, fence } }
    const tasks = [aTask(() => Promise.reject(away))]
    const activity = finalizeRestore({ ...world.parts, ports, tasks })
    for (const attempt of [1, 2])
      await world.attempt(() => activity({ ref, task: 'look', deadlineSeconds: 60 }), attempt).catch(() => undefined)
    expect(fenced).toEqual(['uid-of-again/finalize/look'])
  })
})
