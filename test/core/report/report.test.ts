import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../core/items/outcome.ts'
import { causeOf, groupFailures } from '../../../core/report/failure-groups.ts'
import { visible } from '../../../core/report/html.ts'
import { pageScript, pageScriptHash } from '../../../core/report/page-script.ts'
import { itemsMax, reportFactsInSteps } from '../../../core/report/report-facts.ts'
import type { ReportedRestore } from '../../../core/report/report-facts.ts'
import { reportInPieces } from '../../../core/report/render-report.ts'
import { Timeline } from '../../../core/report/timeline.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import { finish } from '../../../core/values/slices.ts'

const restore: ReportedRestore = {
  namespace: 'velero',
  name: 'shop-1',
  backup: 'shop',
  phase: 'PartiallyFailed',
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:03:20Z',
}

function configMap(name: string, more: Partial<Outcome> = {}): Outcome {
  return {
    key: `configmaps|shop|${name}`,
    action: 'created',
    listed: { kind: 'v1/ConfigMap', name: `shop/${name}` },
    messages: [],
    at: '2026-01-01T00:00:05Z',
    ...more,
  }
}

function failed(name: string, text: string): Outcome {
  return configMap(name, { action: 'failed', messages: [{ severity: 'error', scope: 'namespace:shop', text }] })
}

function pageOf(outcomes: readonly Outcome[], timeline = new Timeline()): string {
  return [...reportInPieces(finish(reportFactsInSteps(tallyOf(outcomes), restore, timeline.entries())))].join('')
}

describe('the report of a restore', () => {
  it('says in one sentence what happened', () => {
    const page = pageOf([configMap('a'), configMap('b'), failed('c', 'error restoring configmaps/shop/c: no')])
    expect(page).toContain(
      'The restore of backup <bdi>shop</bdi> into the cluster ended as <strong>PartiallyFailed</strong> after 3 min 20 s: ' +
        '2 objects created, 1 object not restored. It has 1 error and 0 warnings.',
    )
  })

  it('groups failures by their cause, with what to do about it', () => {
    const refused = (name: string) =>
      failed(
        name,
        `error restoring configmaps/shop/${name}: configmaps "${name}" is forbidden: exceeded quota: small, requested: 1`,
      )
    const page = pageOf([refused('one'), refused('two'), refused('three'), failed('x', 'something else')])
    expect(page).toContain('<strong>3 ×</strong>')
    expect(page).toContain('Raise the quota of the namespace')
  })

  it('shows hostile names as text, and makes visible what nobody sees', () => {
    const name = '</script><script>alert(1)</script>'
    const page = pageOf([
      failed(`${name}\u202e`, `${name} <img src=x onerror=alert(1)> "'`),
      failed('x'.repeat(253), 'too long'),
    ])
    expect(page.match(/<script/g)).toHaveLength(2)
    expect(page).not.toContain('<img')
    expect(page).toContain(String.raw`&lt;img src=x`)
    expect(visible('a\u202eb\u0007')).toBe(String.raw`a\u{202e}b\u{7}`)
  })

  it('lets no script run but its own', () => {
    expect(pageScriptHash).toBe(`sha256-${createHash('sha256').update(pageScript).digest('base64')}`)
    expect(pageOf([])).toContain(`script-src '${pageScriptHash}'`)
  })

  it('has the items as data that is JSON', () => {
    const page = pageOf([configMap('a&b'), configMap('<c>')])
    const json = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''
    expect(JSON.parse(json)).toMatchObject({
      kinds: ['v1/ConfigMap'],
      items: [
        [0, 1, 'a&b', 'c', 5, 1, []],
        [0, 1, '<c>', 'c', 5, 1, []],
      ],
    })
  })

  it('holds a bounded number of items, those with trouble first', () => {
    const many = Array.from({ length: itemsMax + 10 }, (_, index) => configMap(`n${index}`))
    const facts = finish(reportFactsInSteps(tallyOf([...many, failed('last', 'no')]), restore, []))
    expect(facts.items).toHaveLength(itemsMax)
    expect(facts.items[0]?.[2]).toBe('last')
    expect(facts.itemsLeftOut).toBe(11)
  })

  it('tells of phases, waves and waits, of finalization tasks and of second chances', () => {
    const timeline = new Timeline()
    const startMs = Date.parse(restore.startedAt)
    timeline.mark('phase', 'InProgress', startMs)
    timeline.mark('wait', 'namespace shop to be gone', startMs + 1_000)(startMs + 61_000)
    timeline.mark('wait', 'a moment', startMs)(startMs + 100)
    const page = pageOf(
      [
        configMap('late', { tries: 3 }),
        {
          key: 'finalize/validate',
          messages: [{ severity: 'warning', scope: 'velero', text: 'pod web is not ready' }],
          at: restore.endedAt,
        },
      ],
      timeline,
    )
    expect(page).toContain('waited for <bdi>namespace shop to be gone</bdi>')
    expect(page).toContain('<td class="number">1 min 0 s</td>')
    expect(page).not.toContain('a moment')
    expect(page).toContain('3 tries')
    expect(page).toContain('<bdi>pod web is not ready</bdi>')
  })
})

describe('the cause of a message', () => {
  it('leaves out what differs from item to item', () => {
    expect(causeOf('error restoring pods/a/b: pods "b" is forbidden: exceeded quota: q, used: 3')).toBe(
      causeOf('error restoring pods/c/dd: pods "dd" is forbidden: exceeded quota: q, used: 14'),
    )
  })

  it('puts the most frequent cause first', () => {
    expect(groupFailures(['b 1', 'a', 'b 2']).map(({ cause, count }) => [cause, count])).toEqual([
      ['b #', 2],
      ['a', 1],
    ])
  })

  it('has no quoted value, whatever is in it', () => {
    const quoted = String.raw`Invalid value: "{\"password\":\"hunter2\"}": no 'it\'s hunter2'`
    expect(causeOf(quoted)).toBe(`Invalid value: "…": no '…'`)
    expect(causeOf(`Invalid value: "${'hunter2'.repeat(200)}`)).toBe('Invalid value: "…"')
  })

  it('takes a time that grows with the length of a message alone', () => {
    expect(causeOf(`error restoring ${'x'.repeat(100_000)}`)).toHaveLength(300)
    expect(causeOf('"'.repeat(100_000)).length).toBeLessThanOrEqual(300)
  })
})

describe('a timeline', () => {
  it('keeps the first and the latest entries', () => {
    const timeline = new Timeline()
    for (let at = 0; at < 500; at++) timeline.mark('wave', String(at), at)
    const entries = timeline.entries()
    expect(entries.length).toBeLessThanOrEqual(120)
    expect([entries[0]?.text, entries.at(-1)?.text]).toEqual(['0', '499'])
  })
})
