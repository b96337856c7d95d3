import { expect, it } from 'vitest'
import { drillFigures } from '../../../velero-server/decide/drill-figures.ts'

const record = (at: string, ok: boolean, seconds?: number) => ({
  drill: 'nightly',
  at,
  ok,
  sentence: '',
  restore: 'r',
  ...(seconds !== undefined && { seconds }),
})
const of = { name: 'nightly', memo: { createdAt: '1970-01-01T00:01:00Z' }, paused: false }

it('tell the last success also where a failure came after it', () => {
  const records = [record('1970-01-01T00:02:00Z', true, 7), record('1970-01-01T00:03:00Z', false, 9)]
  expect(drillFigures({ ...of, records })).toEqual({
    drill: 'nightly',
    createdAt: 60,
    paused: false,
    lastOk: false,
    lastSuccessAt: 120,
    lastSeconds: 7,
  })
})

it('say nothing of runs before the first one', () => {
  expect(drillFigures({ ...of, memo: undefined, records: [] })).toEqual({
    drill: 'nightly',
    createdAt: 0,
    paused: false,
  })
})
