import { describe, expect, it } from 'vitest'
import { isDue } from '../../../velero-server/decide/is-due.ts'

const now = new Date('2026-11-24T12:00:00Z')
const base = { defaultSeconds: 60, firstAnyway: true }

describe('whether a location is looked at again', () => {
  it.each([
    ['the first time, even where its period is zero', { last: undefined, period: '0s' }, true],
    ['when the default period has passed', { last: '2026-11-24T11:59:00Z', period: undefined }, true],
    ['not before', { last: '2026-11-24T11:59:01Z', period: undefined }, false],
    ['when its own period has passed', { last: '2026-11-24T11:59:58Z', period: '2s' }, true],
    ['never again where its period is zero', { last: '2020-01-01T00:00:00Z', period: '0s' }, false],
    ['by the default where its period is negative', { last: '2026-11-24T11:59:30Z', period: '-5s' }, false],
    ['by the default where its period makes no sense', { last: '2026-11-24T11:59:00Z', period: 'soon' }, true],
    ['where its last time makes no sense', { last: 'never', period: '1h' }, true],
  ] as const)('%s', (_what, schedule, due) => {
    expect(isDue({ ...base, ...schedule }, now)).toBe(due)
  })

  it('is not synced even once where its period is zero', () => {
    expect(isDue({ last: undefined, period: '0s', defaultSeconds: 60, firstAnyway: false }, now)).toBe(false)
  })
})
