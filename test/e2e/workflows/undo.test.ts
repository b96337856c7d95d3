import { setTimeout as sleep } from 'node:timers/promises'
import { WorkflowFailedError } from '@temporalio/client'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { undoProgressQuery } from '../../../contract/undo-restore.ts'
import { fatal, undoRefused } from '../../../activities/frame/failures.ts'
import type { EndUndoInput } from '../../../activities/undo/end-undo.ts'
import { undoWorkflowType } from '../../../contract/undo-restore.ts'
import { beating, stories, untilCancelled } from '../../workflows/story.ts'
import type { Fakes } from '../../workflows/story.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { ownTemporal } from '../chaos/own-temporal.ts'

/** Histories of this length are long for this server; those of short stories are shorter. */
const tell = stories(() => ownTemporal(['limit.historyCount.suggestContinueAsNew=100']))

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

  it('works off custom objects first, and waits for their end before it deletes what may be their operator', async () => {
    const custom = [{ groupResource: 'apples.example.com', chunks: [1], custom: true }, ...waves]
    let looks = 0
    const { handle, calls, ended } = await told({
      admitUndo: ({ ref }) => ({ ref: { ...ref, location: 'default' }, waves: custom }),
      awaitCustom: ({ kinds }) => {
        expect(kinds).toEqual(['apples.example.com'])
        return ++looks === 1 ? { waitingFor: 'the end of apples.example.com a/b', afterSeconds: 1 } : { left: ['x'] }
      },
      endUndo: ({ stillThere }) => ({ dryRun: false, ...one, at: stillThere?.join() }),
    })
    expect(await handle.result()).toMatchObject({ at: 'x' })
    const done = calls.filter((call) => /^(undoChunk|awaitCustom)/.test(call))
    expect(done.slice(0, 3)).toEqual(['undoChunk 0/0', 'awaitCustom', 'awaitCustom'])
    expect(done.slice(3)).toHaveLength(3)
    expect(ended).toEqual([])
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

describe('an undo with a long history', () => {
  const chunks = Array.from({ length: 60 }, () => 1)
  const admitUndo: Fakes['admitUndo'] = ({ ref }) => ({
    ref: { ...ref, location: 'default' },
    waves: [
      { groupResource: 'namespaces', chunks: [1] },
      { groupResource: 'secrets', chunks },
    ],
  })

  it('goes on in new runs: each chunk is planned and worked off once, and its counts are those of all runs', async () => {
    const { handle, calls } = await told({
      admitUndo,
      endUndo: () => ({ dryRun: false, ...one, deleted: 61, at: 't' }),
    })
    expect(await handle.result()).toMatchObject({ deleted: 61 })
    for (const activity of ['planUndo', 'undoChunk']) {
      const done = calls.filter((call) => call.startsWith(activity))
      expect([done.length, new Set(done).size, done.at(-1)]).toEqual([61, 61, `${activity} 0/0`])
    }
    expect(calls.filter((call) => call === 'admitUndo').length).toBeGreaterThan(1)
    expect(calls.filter((call) => call === 'endUndo')).toHaveLength(1)
    const seen = await handle.query(undoProgressQuery)
    expect(seen).toMatchObject({ itemsDone: 61, itemsTotal: 61 })
  })

  it('shows what all runs have planned where it only looks', async () => {
    const { handle, calls } = await told({ admitUndo }, { dryRun: true })
    expect(await handle.result()).toMatchObject({ dryRun: true, deleted: 61, kept: 61 })
    expect(calls.filter((call) => call.startsWith('planUndo'))).toHaveLength(61)
  })

  it('stays paused in the next run, until it is resumed', async () => {
    const pausedAt = Promise.withResolvers<void>()
    const letGo = Promise.withResolvers<void>()
    const planUndo: Fakes['planUndo'] = async ({ chunk }) => {
      if (chunk !== 40) return one
      pausedAt.resolve()
      await beating(letGo.promise)
      return one
    }
    const { handle, calls } = await told({ admitUndo, planUndo, endUndo: () => ({ dryRun: false, ...one, at: 't' }) })
    await pausedAt.promise
    // The other chunks of this run are through: it ends with this one, since its history is long.
    const isQuiet = async () => {
      const { length } = calls
      await sleep(1_500)
      return calls.length === length
    }
    await waitUntil(isQuiet, 60_000, 'all else of the run')
    const runs = () => calls.filter((call) => call === 'admitUndo').length
    const before = runs()
    await handle.signal('pause', 'lunch')
    letGo.resolve()
    const waits = async () => (await handle.query(undoProgressQuery)).waitingFor === 'resume: paused lunch'
    await waitUntil(async () => (await waits()) && runs() > before, 60_000, 'the next run')
    expect(calls.filter((call) => call.startsWith('undoChunk'))).toEqual([])
    await handle.signal('resume')
    await handle.result()
    expect(calls.filter((call) => call.startsWith('undoChunk'))).toHaveLength(61)
  })

  it('is cancelled in a later run, and tells how far it came', async () => {
    let done = 0
    const undoChunk = () => (++done > 27 ? untilCancelled() : one)
    const story = await told({ admitUndo, undoChunk })
    const { handle, ended } = story
    await story.called('undoChunk 1/30')
    await handle.signal('cancel', 'enough')
    expect(await causeOf(handle.result())).toBeInstanceOf(CancelledFailure)
    expect(ended).toEqual(['cancelled: enough'])
    expect(story.calls.filter((call) => call === 'admitUndo').length).toBeGreaterThan(1)
  })
})

describe('an undo that goes on in a new run', () => {
  const chunks = Array.from({ length: 30 }, () => 1)
  const custom = (isDefined: boolean) => (isDefined ? { custom: true } : {})
  /** Custom objects of two kinds. The definition of the first one is restored too, and goes before the Secrets have gone. */
  const wavesOf = (isDefined: boolean) => [
    { groupResource: 'namespaces', chunks: [1] },
    { groupResource: 'apples.example.com', chunks: [1, 1], ...custom(isDefined) },
    { groupResource: 'secrets', chunks },
    { groupResource: 'pears.example.com', chunks: [1], ...custom(true) },
    { groupResource: 'deployments.apps', chunks: [1] },
  ]
  const total = wavesOf(true).flatMap((wave) => wave.chunks).length

  it('keeps its order where a kind of custom objects is defined no more', async () => {
    let isDefined = true
    const { handle, calls } = await told({
      admitUndo: ({ ref }) => ({ ref: { ...ref, location: 'default' }, waves: wavesOf(isDefined) }),
      undoChunk: ({ wave }) => {
        if (wave === 2) isDefined = false
        return one
      },
      awaitCustom: () => ({ left: [] }),
    })
    await handle.result()
    const done = calls.filter((call) => call.startsWith('undoChunk'))
    expect(done.slice(0, 3).toSorted()).toEqual(['undoChunk 1/0', 'undoChunk 1/1', 'undoChunk 3/0'])
    expect([done.length, new Set(done).size]).toEqual([total, total])
    // A new run began between two Secrets, when the kind was defined no more.
    const secrets = calls.flatMap((call, index) => (call.startsWith('undoChunk 2/') ? [index] : []))
    expect(calls.slice(secrets[0], secrets.at(-1))).toContain('admitUndo')
  })

  /** The first run has done much when the second one asks whether it may go on. */
  async function endsIn(admission: () => unknown) {
    const again = Promise.withResolvers<void>()
    let hasDeleted = false
    const story = await told({
      admitUndo: ({ ref }) => {
        if (!hasDeleted) return { ref: { ...ref, location: 'default' }, waves: wavesOf(true) }
        again.resolve()
        return admission()
      },
      undoChunk: () => {
        hasDeleted = true
        return one
      },
      awaitCustom: () => ({ left: [] }),
    })
    await again.promise
    return story
  }

  it('tells how far it came where the next run is refused: it is not said that nothing was written', async () => {
    const { handle, ended } = await endsIn(() => {
      throw undoRefused('its journal is gone')
    })
    const cause = (await causeOf(handle.result())) as ApplicationFailure
    expect([cause.type, cause.message]).toEqual([
      'UndoFailed',
      'the undo of restore "again" has stopped: its journal is gone',
    ])
    expect(ended).toEqual(['its journal is gone'])
  })

  it('tells how far it came where the next run is cancelled before it may go on', async () => {
    const { handle, ended } = await endsIn(untilCancelled)
    await handle.signal('cancel', 'enough')
    expect(await causeOf(handle.result())).toBeInstanceOf(CancelledFailure)
    expect(ended).toEqual(['cancelled: enough'])
  })
})
