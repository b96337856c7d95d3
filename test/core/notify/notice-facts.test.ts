import { describe, expect, it } from 'vitest'
import { endedRestore, eventOf, noticeFacts } from '../../../core/notify/notice-facts.ts'
import { isNotified, judgeAnswer } from '../../../core/notify/judge-answer.ts'
import { endDetailsInSteps } from '../../../core/report/failure-causes.ts'
import { error, warning } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import { finish } from '../../../core/values/slices.ts'
import type { Restore } from '../../../velero/restore.ts'

const restore = {
  metadata: { namespace: 'velero', name: 'again' },
  spec: { backupName: 'shop' },
  status: {
    phase: 'PartiallyFailed',
    errors: 2,
    warnings: 1,
    startTimestamp: '2026-01-02T03:04:00Z',
    completionTimestamp: '2026-01-02T03:07:20Z',
    progress: { totalItems: 15, itemsRestored: 15 },
  },
} as Restore

const details = {
  counts: { created: 13, updated: 0, skipped: 0, failed: 2 },
  causes: [{ cause: 'error restoring …: exceeded quota', count: 2 }],
}

const sentence =
  'The restore of backup shop into the cluster ended as PartiallyFailed after 3 min 20 s: 13 objects created, ' +
  '2 objects not restored. It has 2 errors and 1 warning.'

describe('a notification tells', () => {
  it('what the Restore and the results say', () => {
    expect(noticeFacts(endedRestore(restore), { cluster: 'c', details, reportUrl: 'https://x' })).toMatchObject({
      sentence,
      durationSeconds: 200,
      causes: ['2 × error restoring …: exceeded quota'],
      reportUrl: 'https://x',
      drill: null,
      totalItems: 15,
    })
  })

  it('of a refused Restore why, and no times', () => {
    const refused = {
      ...restore,
      status: { phase: 'FailedValidation', validationErrors: ['no backup', 'no name'] },
    } as Restore
    expect(noticeFacts(endedRestore(refused), { cluster: 'c' })).toMatchObject({
      sentence:
        'The restore of backup shop into the cluster ended as FailedValidation. There is no error and no warning. ' +
        'Reason: no backup; no name.',
      started: null,
      completed: null,
      durationSeconds: null,
      causes: [],
    })
  })
})

describe('the Event of an end', () => {
  it('has the sentence of the report and the first cause', () => {
    expect(eventOf(restore, details)).toEqual({
      type: 'Warning',
      reason: 'PartiallyFailed',
      note: `${sentence} Most frequent error: 2 × error restoring …: exceeded quota`,
    })
  })

  it('is as before where the results are not known, and for phases on the way', () => {
    expect(eventOf(restore, undefined)?.note).toBe('the restore is in phase PartiallyFailed: 2 errors, 1 warning')
    const going = { ...restore, status: { phase: 'Finalizing' } } as Restore
    expect(eventOf(going, details)?.note).toBe('the restore is in phase Finalizing')
  })
})

it('the details of an end count what is listed, and put errors together by their cause', () => {
  const item = (name: string, more: Partial<Outcome>): Outcome => {
    const key = `configmaps|shop|${name}`
    return {
      key,
      listed: { kind: 'v1/ConfigMap', name: `shop/${name}` },
      messages: [],
      at: '2026-01-02T03:04:00Z',
      ...more,
    }
  }
  const failed = (name: string, text: string) => item(name, { action: 'failed', messages: [error('cluster', text)] })
  const tally = tallyOf([
    item('a', { action: 'created', messages: [warning('cluster', 'careful')] }),
    failed('b', 'quota "b" is exceeded'),
    failed('c', 'quota "c" is exceeded'),
    failed('d', 'another'),
    { key: 'finalize/x', messages: [error('velero', 'it hung')], at: '2026-01-02T03:04:00Z' },
  ])
  expect(finish(endDetailsInSteps(tally))).toEqual({
    counts: { created: 1, updated: 0, skipped: 0, failed: 3 },
    causes: [
      { cause: 'quota "…" is exceeded', count: 2 },
      { cause: 'another', count: 1 },
      { cause: 'it hung', count: 1 },
    ],
  })
})

describe('an answer of the receiver', () => {
  it.each([
    [200, 'delivered'],
    [204, 'delivered'],
    [301, 'refused'],
    [307, 'refused'],
    [400, 'refused'],
    [404, 'refused'],
    [408, 'again'],
    [410, 'refused'],
    [429, 'again'],
    [500, 'again'],
    [503, 'again'],
  ])('%i: the notification is %s', (status, what) => {
    expect(judgeAnswer(status).do).toBe(what)
  })

  it('is told by its status alone', () => {
    expect(judgeAnswer(400)).toEqual({ do: 'refused', why: 'answered 400' })
  })

  it.each([
    ['7', 7],
    ['86400', 60],
    ['Wed, 21 Oct 2026 07:28:00 GMT', undefined],
    ['-1', undefined],
  ])('may ask for a pause: %s', (header, seconds) => {
    expect((judgeAnswer(429, header) as { afterSeconds?: number }).afterSeconds).toBe(seconds)
  })
})

it('people are notified of ends, and where they want it of trouble alone', () => {
  const phases = ['InProgress', 'Gone', 'New', 'Completed', 'PartiallyFailed', 'Failed', 'FailedValidation']
  expect(phases.filter((phase) => isNotified('all', phase))).toEqual(phases.slice(3))
  expect(phases.filter((phase) => isNotified('trouble', phase))).toEqual(phases.slice(4))
})
