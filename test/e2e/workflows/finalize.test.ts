import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import type { FinalizeInput } from '../../../activities/finalize/finalize-restore.ts'
import { fatal } from '../../../activities/frame/failures.ts'
import { failuresQuery } from '../../../contract/restore-workflow.ts'
import { listed, stories } from '../../workflows/story.ts'

const tell = stories()

describe('the finalization', () => {
  it('asks once for its tasks, then runs them in order, each with its deadline', async () => {
    const inputs: FinalizeInput[] = []
    const told = await tell({
      listFinalizeTasks: () => ({ tasks: [listed('b'), listed('a')] }),
      finalizeRestore: (input) => {
        inputs.push(input)
        return { messages: 0 }
      },
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    expect(told.calls.filter((call) => call === 'listFinalizeTasks')).toHaveLength(1)
    expect(inputs).toMatchObject([
      { task: 'b', deadlineSeconds: 60 },
      { task: 'a', deadlineSeconds: 60 },
    ])
  })

  it('records a task that does not come to its end in time as an error, and runs the next one', async () => {
    let concluded = 0
    const inputs: FinalizeInput[] = []
    const told = await tell({
      concludeRestore: () => ({ items: 3, warnings: 0, errors: concluded++, operations: 0 }),
      finalizeRestore: (input) => {
        inputs.push(input)
        if (input.problem !== undefined) return { messages: 1 }
        // A retry that would come after the last moment is not made: the time has run out.
        if (input.task === 'first')
          throw ApplicationFailure.create({ message: 'no worker knows it', nextRetryDelay: '48h' })
        return { messages: 0 }
      },
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const problem = 'finalization task first: no worker knows it'
    expect(inputs).toMatchObject([
      { task: 'first', deadlineSeconds: 60 },
      { task: 'first', problem },
      { task: 'last', deadlineSeconds: 60 },
    ])
    expect(await told.handle.query(failuresQuery)).toEqual([problem])
  })

  it('ends the restore where nothing of it can go on', async () => {
    const told = await tell({
      finalizeRestore: () => {
        throw fatal('the journal is damaged')
      },
    })
    await expect(told.handle.result()).rejects.toMatchObject({
      cause: { message: 'restore execution failed: the journal is damaged' },
    })
    expect(told.phases.at(-1)).toMatchObject({ phase: 'Failed' })
  })
})
