import { expect, it } from 'vitest'
import { endedDrill } from '../../../core/notify/ended-drill.ts'
import { noticeFacts } from '../../../core/notify/notice-facts.ts'

const record = {
  drill: 'nightly',
  at: '2026-01-02T03:00:00.000Z',
  ok: true,
  sentence: 'backup shop was restored in 90 s: 15 items, 0 warnings, 0 errors',
  backup: 'shop',
  restore: 'nightly-20260102030000',
  phase: 'Completed',
  seconds: 90,
  items: 15,
  warnings: 0,
  errors: 0,
}

it('a drill is told in the words of a restore, with its own sentence', () => {
  const about = { cluster: 'c', drill: 'nightly', sentence: `drill nightly: ${record.sentence}` }
  expect(noticeFacts(endedDrill('velero', record), about)).toMatchObject({
    namespace: 'velero',
    name: 'nightly-20260102030000',
    phase: 'Completed',
    drill: 'nightly',
    durationSeconds: 90,
    completed: '2026-01-02T03:01:30.000Z',
    itemsRestored: 15,
    sentence: 'drill nightly: backup shop was restored in 90 s: 15 items, 0 warnings, 0 errors',
  })
})

it.each([
  ['left something behind', { ok: false }, 'Failed'],
  ['was restored in part', { ok: false, phase: 'PartiallyFailed' }, 'PartiallyFailed'],
])('a drill that %s has failed', (_what, more, phase) => {
  expect(endedDrill('velero', { ...record, ...more }).phase).toBe(phase)
})

it('a drill that restored nothing has failed', () => {
  const { drill, at, restore } = record
  expect(endedDrill('velero', { drill, at, restore, ok: false, sentence: 'no backup' })).toMatchObject({
    phase: 'Failed',
    backup: '',
    endedAt: '',
    totalItems: 0,
  })
})
