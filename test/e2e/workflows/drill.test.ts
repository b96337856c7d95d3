import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { fatal } from '../../../activities/frame/failures.ts'
import { drillWorkflowType } from '../../../contract/drill.ts'
import type { DrillRecord, DrillRequest } from '../../../contract/drill.ts'
import { drillRequest } from '../../core/drill/builders.ts'
import { stories, untilCancelled } from '../../workflows/story.ts'
import type { Fakes } from '../../workflows/story.ts'

const tell = stories()
const ref = { namespace: 'velero', name: 'nightly-1', uid: 'u', cluster: 'c' }
const backup = { name: 'b', location: 'default' }
const outcome = { name: ref.name, uid: ref.uid, phase: 'Completed', items: 3, warnings: 0, errors: 0 } as const
const plain: Fakes = {
  chooseDrillBackup: () => ({ do: 'go', backup, mapping: { shop: 'scratch-shop' } }),
  makeScratch: () => ({ do: 'go' }),
  createRequested: () => ref,
  awaitRequested: () => outcome,
  keepDrillReport: () => ({ seconds: 7, report: 'r' }),
  removeDrillRestore: () => ({ left: [] }),
  ownDrillVolumes: () => ({ left: [] }),
  removeScratch: () => ({ left: [] }),
  tellDrill: () => undefined,
  recordDrill: () => undefined,
}
const end = ['removeDrillRestore', 'ownDrillVolumes', 'removeScratch', 'tellDrill', 'recordDrill']

/** Tells the story of a drill: the activities that were called, and the record that was told. */
async function told(fakes: Fakes, input: Partial<DrillRequest> = {}) {
  const records: DrillRecord[] = []
  const tellDrill: Fakes['tellDrill'] = ({ record }) => void records.push(record)
  const story = await tell({ ...plain, tellDrill, ...fakes }, { ...drillRequest, ...input }, drillWorkflowType)
  return { ...story, called: (begin: string) => story.called(begin), records }
}

describe('the story of a drill', () => {
  it('restores, keeps the report, removes what it made, and tells', async () => {
    const { handle, calls, records } = await told({})
    expect(await handle.result()).toMatchObject({ ok: true, seconds: 7, report: 'r', backup: 'b' })
    const begin = ['chooseDrillBackup', 'makeScratch', 'createRequested', 'awaitRequested', 'keepDrillReport']
    expect(calls).toEqual([...begin, ...end])
    expect(records).toHaveLength(1)
  })

  it('restores nothing where it is refused, and fails with the sentence', async () => {
    const own: (readonly string[])[] = []
    const { handle, calls, records } = await told({
      makeScratch: () => ({ do: 'refuse', because: 'it is taken' }),
      ownDrillVolumes: ({ scratch }) => (own.push(scratch), { left: [] }),
    })
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'DrillFailed', message: 'it is taken' } })
    expect(calls).toEqual(['chooseDrillBackup', 'makeScratch', ...end])
    expect(records).toMatchObject([{ ok: false, sentence: 'it is taken', backup: 'b' }])
    expect(own).toEqual([[]])
  })

  it('tells why a step failed for good, and removes what it made', async () => {
    const { handle, calls, records } = await told({ chooseDrillBackup: () => Promise.reject(fatal('no tarball')) })
    await expect(handle.result()).rejects.toThrow()
    expect(calls).toEqual(['chooseDrillBackup', ...end])
    expect(records).toMatchObject([{ ok: false, sentence: 'no tarball' }])
  })

  it('is a failure where something is left, and tells what', async () => {
    const { handle, records } = await told({
      removeDrillRestore: () => Promise.reject(fatal('no')),
      removeScratch: () => ({ left: ['namespace scratch-shop'] }),
    })
    await expect(handle.result()).rejects.toThrow()
    expect(records[0]?.sentence).toContain('not removed: the Restore (no), namespace scratch-shop')
  })

  it('cancels a restore that is not over by its deadline', async () => {
    const asked = { count: 0 }
    const awaitRequested: Fakes['awaitRequested'] = () => {
      if (++asked.count > 1) return { ...outcome, phase: 'Failed', reason: 'cancelled: late' }
      throw ApplicationFailure.create({ type: 'Waiting', message: 'it goes on', nextRetryDelay: '1m' })
    }
    const { handle, calls, records } = await told(
      { awaitRequested, cancelRequested: () => undefined },
      { deadlineSeconds: 2 },
    )
    await expect(handle.result()).rejects.toThrow()
    expect(calls).toContain('cancelRequested')
    expect(records[0]).toMatchObject({ ok: false, phase: 'Failed', sentence: expect.stringContaining('after 2 s') })
  })

  it('tells of the deadline where the restore cannot be cancelled either', async () => {
    const { handle, calls, records } = await told(
      {
        awaitRequested: () => {
          throw ApplicationFailure.create({ type: 'Waiting', message: 'it goes on', nextRetryDelay: '1m' })
        },
        cancelRequested: () => Promise.reject(fatal('the cluster is away')),
      },
      { deadlineSeconds: 2 },
    )
    await expect(handle.result()).rejects.toThrow()
    expect(calls.slice(-end.length - 1)).toEqual(['cancelRequested', ...end])
    expect(records).toMatchObject([{ ok: false, sentence: expect.stringContaining('after 2 s, the deadline') }])
  })

  it('that is cancelled is told as cancelled where its restore cannot be', async () => {
    const { handle, called, records } = await told({
      awaitRequested: untilCancelled,
      cancelRequested: () => Promise.reject(fatal('the cluster is away')),
    })
    await called('awaitRequested')
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(records).toMatchObject([{ ok: false, sentence: 'the drill was cancelled' }])
  })

  it('that is cancelled stops its restore and removes what it made', async () => {
    let waits = 0
    const { handle, calls, called, records } = await told({
      awaitRequested: () => (++waits === 1 ? untilCancelled() : { ...outcome, phase: 'Failed' }),
      cancelRequested: () => undefined,
    })
    await called('awaitRequested')
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(calls).toEqual(expect.arrayContaining(['cancelRequested', ...end]))
    expect(records).toMatchObject([{ ok: false, sentence: 'the drill was cancelled' }])
  })
})
