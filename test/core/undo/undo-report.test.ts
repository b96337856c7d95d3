import { expect, it } from 'vitest'
import { undoReportFactsInSteps, undoReportInPieces } from '../../../core/undo/undo-report.ts'
import type { ReportedUndo } from '../../../core/undo/undo-report.ts'
import type { UndoStep } from '../../../core/undo/undo-step.ts'

const step = (name: string, what: UndoStep['do'], because?: string): UndoStep => ({
  key: name,
  object: { group: 'apps', version: 'v1', resource: 'deployments', namespace: 'shop', name, uid: name },
  do: what,
  ...(because === undefined ? {} : { because }),
})
const undo: ReportedUndo = {
  restore: 'again',
  backup: 'shop',
  at: '2026-01-01T00:00:00Z',
  stillThere: [],
  counts: { deleted: 1, putBack: 1, kept: 1, gone: 0 },
}
function pageOf(steps: readonly UndoStep[], more: Partial<ReportedUndo> = {}): string {
  const gathering = undoReportFactsInSteps(steps, { ...undo, ...more })
  for (;;) {
    const next = gathering.next()
    if (next.done === true) return [...undoReportInPieces(next.value)].join('')
  }
}

it('the report of an undo says what was done, what is kept and why', () => {
  const page = pageOf([
    step('a', 'delete'),
    step('b', 'put-back'),
    step('c', 'keep', 'kubectl-edit has changed it since'),
  ])
  expect(page).toContain(
    '1 object deleted, 1 object put back, 1 object kept as they are. It has done all that it could.',
  )
  expect(page).toContain('<td><bdi>kubectl-edit has changed it since</bdi></td>')
  expect(page).toContain('"actions":{"d":"deleted","p":"put back","k":"kept","g":"gone before"}')
  expect(page).toContain('[0,1,"c","k",0,1,["kubectl-edit has changed it since"]],[0,1,"a","d",0,1,[]]')
  expect(page).not.toContain('On their way out')
})

it('the report of an undo names why it stopped, and what has not gone', () => {
  const page = pageOf([step('a', 'delete')], {
    stopped: 'cancelled: enough',
    stillThere: ['widgets.example.com shop/one'],
  })
  expect(page).toContain('It stopped: cancelled: enough. Started again, it goes on from there.')
  expect(page).toContain('widgets.example.com shop/one')
})

it('no name of an object becomes a part of the page', () => {
  const evil = '</script><script>alert(1)</script>\u202e'
  const page = pageOf([step(evil, 'keep', evil)], { restore: evil, backup: evil, stopped: evil })
  const shown = page.slice(0, page.indexOf('id="data"'))
  expect(page).not.toContain('<script>alert')
  // The script makes it visible in the table.
  expect(shown).not.toContain('\u202e')
})
