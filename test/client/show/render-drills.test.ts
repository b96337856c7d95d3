import { expect, it } from 'vitest'
import { drillTable, renderDrill } from '../../../client/show/render-drills.ts'
import type { DrillSummary } from '../../../client/api/drill/drills.ts'
import { drillRequest } from '../../core/drill/builders.ts'

const drill: DrillSummary = {
  name: 'nightly',
  createdAt: '2026-01-01T00:00:00.000Z',
  cron: '0 3 * * *',
  timeZone: 'UTC',
  paused: false,
  nextRunAt: '2026-01-03T03:00:00.000Z',
  request: drillRequest,
}
const run = { drill: 'nightly', at: '2026-01-02T03:00:00.000Z', restore: 'nightly-20260102030000', backup: 'b' }

it('a table of drills says when each runs next, and a paused one that it is paused', () => {
  const table = drillTable([drill, { ...drill, name: 'other', paused: true }])
  expect(table.split('\n')[1]).toMatch(/^nightly +0 3 \* \* \* +schedule nightly +scratch- +no +2026-01-03T03:00:00Z$/)
  expect(table.split('\n')[2]).toMatch(/^other .* yes /)
})

it('a drill shows its last runs, the time that each took, and why one failed', () => {
  const good = { ...run, ok: true, sentence: 'restored', seconds: 42, items: 3, warnings: 0, errors: 0 }
  const bad = { ...run, ok: false, sentence: 'the tarball is damaged' }
  const text = renderDrill(drill, { records: [good, bad], problems: ['location x: away'] }, [])
  expect(text).toMatch(/2026-01-02T03:00:00Z +ok +b +42 s/)
  expect(text).toMatch(/FAILED .*the tarball is damaged/)
  expect(text).toContain('not read: location x: away')
  expect(renderDrill(drill, { records: [], problems: [] }, ['w'])).toContain('No run is on record.')
})
