import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import type { NotifyInput } from '../../../contract/notify.ts'
import { notifyWorkflowIdOf } from '../../../contract/notify.ts'
import { aPlan, admissionUntilCancelled, beating, conclusion, stories, untilCancelled } from '../../workflows/story.ts'
import type { Fakes, Told } from '../../workflows/story.ts'

const tell = stories()
const admission = { do: 'restore', location: 'default', resumed: false, startedAt: 't', backup: 'shop' } as const
const order = { on: 'all', seconds: 60 } as const
const admitted = (more: object = {}): Fakes => ({ admitRestore: () => ({ ...admission, notify: order, ...more }) })

/** The workflow that notifies of the restore of a story. */
function noticeOf(told: Told, run = 1) {
  const [, namespace = '', name = '', uid = ''] = told.handle.workflowId.split('/')
  return told.sibling(notifyWorkflowIdOf({ ref: { namespace, name, uid, cluster: 'c' }, run }))
}

const details = { counts: { created: 3, updated: 0, skipped: 0, failed: 0 }, causes: [] }

describe('the end of a restore is notified', () => {
  it('by a workflow that goes on when the restore is over', async () => {
    const taken = Promise.withResolvers<{ do: 'delivered' }>()
    const inputs: NotifyInput[] = []
    const told = await tell({
      ...admitted(),
      concludeRestore: () => conclusion({ details }),
      writeReport: () => ({ key: 'k', location: 'default', url: 'https://reports.example.com/k' }),
      notify: (input) => (inputs.push(input), beating(taken.promise)),
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    expect(told.phases.at(-1)).toMatchObject({ phase: 'Completed', details })
    await told.called('notify')
    taken.resolve({ do: 'delivered' })
    expect(await noticeOf(told).result()).toEqual({ do: 'delivered' })
    const ref = { namespace: 'velero', name: 'again', cluster: 'c' }
    expect(inputs).toEqual([
      { ref: expect.objectContaining(ref), seconds: 60, details, reportUrl: 'https://reports.example.com/k' },
    ])
  })

  it('of a retry by a workflow of its own', async () => {
    const told = await tell({ ...admitted({ run: 2 }), notify: () => ({ do: 'delivered' }) })
    await told.handle.result()
    expect(await noticeOf(told, 2).result()).toEqual({ do: 'delivered' })
  })

  it('also where it was refused, and where it was cancelled', async () => {
    const over = { do: 'over', phase: 'FailedValidation', notify: order } as const
    const refused = await tell({ admitRestore: () => over, notify: () => ({ do: 'delivered' }) })
    await refused.handle.result()
    expect(await noticeOf(refused).result()).toEqual({ do: 'delivered' })
    const cancelled = await tell({ ...admitted(), restoreChunk: untilCancelled, notify: () => ({ do: 'delivered' }) })
    await cancelled.called('restoreChunk')
    await cancelled.handle.signal('cancel', 'enough')
    await expect(cancelled.handle.result()).rejects.toThrow()
    expect(await noticeOf(cancelled).result()).toEqual({ do: 'delivered' })
  })

  it('where it was cancelled when its admission had claimed it', async () => {
    const atEnd = { ...admission, notify: order }
    const told = await tell({ ...admissionUntilCancelled(atEnd), notify: () => ({ do: 'delivered' }) })
    await told.called('admitRestore')
    await told.handle.signal('cancel', 'enough')
    await expect(told.handle.result()).rejects.toThrow()
    expect(await noticeOf(told).result()).toEqual({ do: 'delivered' })
  })

  it('of a failed one before its results are stored late', async () => {
    const stored = Promise.withResolvers<object>()
    const told = await tell({
      ...admitted(),
      planRestore: () => Promise.reject(ApplicationFailure.nonRetryable('no archive', 'RestoreFailed')),
      concludeRestore: () => {
        const isLast = told !== undefined && told.calls.filter((call) => call === 'concludeRestore').length > 1
        return isLast ? beating(stored.promise) : Promise.reject(ApplicationFailure.nonRetryable('no bucket', 'X'))
      },
      notify: () => ({ do: 'delivered' }),
    })
    await told.called('notify')
    stored.resolve(conclusion())
    await expect(told.handle.result()).rejects.toThrow()
    expect(told.calls.filter((call) => call === 'notify')).toHaveLength(1)
  })

  it('in an Event where it could not be delivered, and the workflow that tried it fails', async () => {
    const whys: string[] = []
    const told = await tell({
      ...admitted(),
      notify: () =>
        Promise.reject(ApplicationFailure.nonRetryable('it was not delivered: answered 404', 'NotDelivered')),
      tellNotDelivered: ({ why }) => void whys.push(why),
    })
    expect(await told.handle.result()).toMatchObject({ phase: 'Completed' })
    await expect(noticeOf(told).result()).rejects.toThrow()
    expect(whys).toEqual(['it was not delivered: answered 404'])
  })

  it('in an Event where the receiver hangs until the deadline', async () => {
    const whys: string[] = []
    const told = await tell({
      ...admitted({ notify: { on: 'all', seconds: 3 } }),
      notify: () => Promise.reject(ApplicationFailure.retryable('it did not answer within 10 s', 'NotDelivered')),
      tellNotDelivered: ({ why }) => void whys.push(why),
    })
    await told.handle.result()
    await expect(noticeOf(told).result()).rejects.toThrow()
    expect(whys).toEqual([expect.stringContaining('it did not answer within 10 s')])
  })
})

it('the end of a drill is notified, on what the drill is about where that fails', async () => {
  const inputs: NotifyInput[] = []
  const subject = { kind: 'Schedule', name: 'nightly', uid: 'u' } as const
  const told = await tell(
    {
      chooseDrillBackup: () => ({ do: 'refuse', because: 'schedule nightly has no backup' }),
      removeDrillRestore: () => ({ left: [] }),
      ownDrillVolumes: () => ({ left: [] }),
      removeScratch: () => ({ left: [] }),
      tellDrill: () => ({ ...order, subject }),
      recordDrill: () => undefined,
      notify: (input) => (inputs.push(input), { do: 'delivered' }),
    },
    { from: { schedule: 'nightly' }, prefix: 'scratch-', keep: 2, deadlineSeconds: 60 },
    'drill',
  )
  await expect(told.handle.result()).rejects.toThrow()
  await told.called('notify')
  const sentence = 'drill again: schedule nightly has no backup'
  expect(inputs).toEqual([
    expect.objectContaining({ drill: 'again', sentence, subject, ended: expect.objectContaining({ phase: 'Failed' }) }),
  ])
})

describe('nobody is notified', () => {
  it.each<[string, Fakes]>([
    ['where no receiver is set', { admitRestore: () => admission }],
    ['of what went well, where only trouble is told', admitted({ notify: { on: 'trouble', seconds: 60 } })],
    ['of a plan', admitted({ preview: true })],
    ['of a Restore that is over already', { admitRestore: () => ({ do: 'over', phase: 'Completed' }) }],
  ])('%s', async (_when, fakes) => {
    const told = await tell({ ...fakes, planRestore: () => aPlan({ secrets: [1] }) })
    await told.handle.result()
    await expect(noticeOf(told).describe()).rejects.toThrow(/not found/)
    expect(told.calls).not.toContain('notify')
  })
})
