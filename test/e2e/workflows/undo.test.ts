import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { fatal, undoRefused } from '../../../activities/frame/failures.ts'
import type { EndUndoInput } from '../../../activities/undo/end-undo.ts'
import { undoWorkflowType } from '../../../contract/undo-restore.ts'
import { stories, untilCancelled } from '../../workflows/story.ts'
import type { Fakes } from '../../workflows/story.ts'

const tell = stories()

const waves = [
  { groupResource: 'namespaces', chunks: [1] },
  { groupResource: 'secrets', chunks: [2, 1] },
]
const one = { deleted: 1, putBack: 0, kept: 1, gone: 0, keptFirst: [{ object: 'secrets a/b', because: 'x' }] }

/** Tells the story of an undo: its calls, and how it ended. */
async function told(fakes: Fakes = {}, input: object = {}) {
  const ended: (string | undefined)[] = []
  const plain: Fakes = {
    admitUndo: ({ ref }) => ({ ref: { ...ref, location: 'default' }, waves }),
    planUndo: () => one,
    undoChunk: () => one,
    endUndo: ({ stopped }: EndUndoInput) => {
      ended.push(stopped)
      return { dryRun: false, ...one, deleted: 3, at: 't' }
    },
  }
  return { ...(await tell({ ...plain, ...fakes }, input, undoWorkflowType)), ended }
}

/** What the workflow failed with. */
async function causeOf(result: Promise<unknown>): Promise<unknown> {
  const failure: unknown = await result.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return failure instanceof WorkflowFailedError ? failure.cause : failure
}

describe('the story of an undo', () => {
  it('holds the namespaces, plans all, and works off the waves from the last one on', async () => {
    const { handle, calls, ended } = await told()
    expect(await handle.result()).toMatchObject({ deleted: 3, dryRun: false })
    expect(calls.slice(0, 2)).toEqual(['admitUndo', 'requestLocks'])
    expect(calls.filter((call) => call.startsWith('planUndo')).at(-1)).toBe('planUndo 0/0')
    expect(calls.filter((call) => call.startsWith('undoChunk')).toSorted()).toEqual([
      'undoChunk 0/0',
      'undoChunk 1/0',
      'undoChunk 1/1',
    ])
    expect(calls.slice(-2)).toEqual(['undoChunk 0/0', 'endUndo'])
    expect(ended).toEqual([undefined])
  })

  it('only looks where that is asked for, and holds nothing', async () => {
    const { handle, calls } = await told({}, { dryRun: true })
    expect(await handle.result()).toMatchObject({ dryRun: true, deleted: 3, kept: 3 })
    expect(new Set(calls.map((call) => call.split(' ')[0]))).toEqual(new Set(['admitUndo', 'planUndo']))
  })

  it('fails with the sentence of a refusal, and does nothing else', async () => {
    const admitUndo = () => {
      throw undoRefused('Restore "again" was undone already')
    }
    const { handle, calls } = await told({ admitUndo })
    const cause = (await causeOf(handle.result())) as ApplicationFailure
    expect([cause.type, cause.message]).toEqual(['UndoRefused', 'Restore "again" was undone already'])
    expect(calls).toEqual(['admitUndo'])
  })

  it('tells how far it came where it is cancelled, and closes as Canceled', async () => {
    const story = await told({ undoChunk: untilCancelled })
    const { handle, ended } = story
    await story.called('undoChunk')
    await handle.signal('cancel', 'enough')
    expect(await causeOf(handle.result())).toBeInstanceOf(CancelledFailure)
    expect(ended).toEqual(['cancelled: enough'])
    expect((await handle.describe()).status.name).toBe('CANCELLED')
  })

  it('tells how far it came where it cannot go on', async () => {
    const undoChunk = () => {
      throw fatal('the disk is gone')
    }
    const { handle, ended } = await told({ undoChunk })
    const cause = (await causeOf(handle.result())) as ApplicationFailure
    expect([cause.type, cause.message]).toEqual([
      'UndoFailed',
      'the undo of restore "again" has stopped: the disk is gone',
    ])
    expect(ended).toEqual(['the disk is gone'])
  })
})
