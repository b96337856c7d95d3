import { describe, expect, it } from 'vitest'
import { error, warning } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { goJson } from '../../../core/values/go-text.ts'
import { advanceProgress } from '../../../core/results/restore-status.ts'
import { renderLog } from '../../../core/results/render-log.ts'
import { renderResourceList, renderResults, resourceListInPieces } from '../../../core/results/render-results.ts'
import { tallyOf } from '../../../core/results/tally.ts'

const made = (name: string, more: Partial<Outcome> = {}): Outcome => ({
  key: `pods|shop|${name}`,
  action: 'created',
  listed: { kind: 'v1/Pod', name: `shop/${name}` },
  messages: [],
  at: '2026-11-24T10:00:01Z',
  ...more,
})

describe('the results file', () => {
  it('sorts messages into parts and orders them by item; empty parts are absent', () => {
    const tally = tallyOf([
      made('b', { messages: [error('namespace:shop', 'b1'), error('velero', 'v'), warning('cluster', 'c')] }),
      made('a', { messages: [error('namespace:shop', 'a1'), error('namespace:other', 'o')] }),
    ])
    expect(renderResults(tally)).toEqual({
      errors: { velero: ['v'], namespaces: { shop: ['a1', 'b1'], other: ['o'] } },
      warnings: { cluster: ['c'] },
    })
    expect(renderResults(tallyOf([]))).toEqual({ errors: {}, warnings: {} })
  })

  it('has a part for a namespace called like a field of every object', () => {
    const { errors } = renderResults(tallyOf([made('a', { messages: [error('namespace:constructor', 'x')] })]))
    expect(errors.namespaces).toEqual({ constructor: ['x'] })
  })

  it('does not depend on the order in which outcomes came', () => {
    const list = ['c', 'a', 'b'].map((name) => made(name, { messages: [error('velero', name)] }))
    const turned = [...list].reverse()
    expect(goJson(renderResults(tallyOf(turned)))).toBe(goJson(renderResults(tallyOf(list))))
  })
})

describe('the resource list', () => {
  it('sorts kinds and names by their bytes, and leaves out what has no action', () => {
    const tally = tallyOf([
      made('b', { action: 'skipped' }),
      made('a'),
      made('B', { action: 'failed' }),
      made('none', { listed: { kind: 'v1/Pod', name: 'x' } }),
      { key: 'x', messages: [], at: 't', listed: { kind: 'v1/Pod', name: 'omitted' } },
      made('d', { listed: { kind: 'apps/v1/Deployment', name: 'shop/d' }, action: 'updated' }),
    ])
    const list = renderResourceList(tally)
    expect(Object.keys(list)).toEqual(['apps/v1/Deployment', 'v1/Pod'])
    expect(list).toEqual({
      'apps/v1/Deployment': ['shop/d(updated)'],
      'v1/Pod': ['shop/B(failed)', 'shop/a(created)', 'shop/b(skipped)', 'x(created)'],
    })
  })

  it('of many items is sorted too, with pauses, and no piece of it is large', () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `item-${(index * 7919) % 20_000}`)
    const pieces = [...resourceListInPieces(tallyOf(names.map((name) => made(name))))]
    expect(pieces.join('')).toBe(
      goJson({ 'v1/Pod': names.map((name) => `shop/${name}(created)`).sort((a, b) => (a < b ? -1 : 1)) }),
    )
    expect(pieces.filter((piece) => piece === '').length).toBeGreaterThan(50)
    expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(400_000)
  })
})

describe('JSON as Go writes it', () => {
  it('escapes what Go escapes, and ends with a line end', () => {
    expect(goJson({ a: '<b> & "c"\u2028\u2029é' })).toBe('{"a":"\\u003cb\\u003e \\u0026 \\"c\\"\\u2028\\u2029é"}\n')
  })
})

describe('the log', () => {
  const frame = {
    restore: { name: 'again', namespace: 'velero' },
    spec: { backupName: 'shop' },
    startedAt: '2026-11-24T10:00:00Z',
    endedAt: '2026-11-24T10:00:09Z',
  }
  const lines = (...list: Outcome[]) => renderLog(tallyOf(list), frame).split('\n')

  it('tells of the start, of each item in the order of time, of messages, and of the end', () => {
    const late = made('a', { at: '2026-11-24T10:00:02Z', action: 'failed', messages: [error('namespace:shop', 'no')] })
    const step: Outcome = { key: 'plan/x', messages: [warning('velero', 'w'), warning('cluster', 'c')], at: 'x' }
    expect(lines(late, made('b'), step)).toEqual([
      'time="2026-11-24T10:00:00Z" level=info msg="starting restore" restore=velero/again',
      'time="2026-11-24T10:00:00Z" level=info msg="Starting restore of backup velero/shop" restore=velero/again',
      'time="2026-11-24T10:00:01Z" level=info msg="Restored v1/Pod shop/b" groupResource=pods namespace=shop original name=b restore=velero/again',
      'time="2026-11-24T10:00:02Z" level=info msg="Not restored: v1/Pod shop/a" groupResource=pods namespace=shop original name=a restore=velero/again',
      'time="2026-11-24T10:00:09Z" level=error msg="Namespace shop, resource restore error: no" groupResource=pods namespace=shop original name=a restore=velero/again',
      'time="2026-11-24T10:00:09Z" level=warning msg="Velero restore warning: w" restore=velero/again',
      'time="2026-11-24T10:00:09Z" level=warning msg="Cluster resource restore warning: c" restore=velero/again',
      'time="2026-11-24T10:00:09Z" level=info msg="restore completed" restore=velero/again',
      '',
    ])
  })

  it.each([
    [String.raw`a "b" \b`, String.raw`a \"b\" \\b`],
    ['line\nfeed\ttab', String.raw`line\nfeed\ttab`],
    ['bell\u0007 back\b null\u0000 del\u007f', String.raw`bell\a back\b null\x00 del\x7f`],
    ['é 漢 \u2028', String.raw`é 漢 \u2028`],
  ])('quotes %j as Go does', (text, quoted) => {
    const [, , , message] = lines(made('a', { messages: [warning('velero', text)] }))
    expect(message).toContain(`msg="Velero restore warning: ${quoted}"`)
  })

  it('says why an item was not written', () => {
    const skipped = made('a', { action: 'skipped', because: 'it is a mirror pod of a node' })
    const omitted: Outcome = {
      key: 'pods|shop|b',
      messages: [],
      at: '2026-11-24T10:00:02Z',
      because: 'the pod is over: Failed',
    }
    expect(lines(skipped, omitted).slice(2, 4)).toEqual([
      expect.stringContaining('msg="Skipped v1/Pod shop/a: it is a mirror pod of a node"'),
      expect.stringContaining('msg="Nothing to restore for this item: the pod is over: Failed"'),
    ])
  })

  it('says how many items the selection left out, and why', () => {
    const leftOut = { 'resource-excluded': 3, 'labels-do-not-match': 1 }
    expect(renderLog(tallyOf([]), { ...frame, leftOut }).split('\n')[2]).toBe(
      'time="2026-11-24T10:00:00Z" level=info msg="Items of the backup that are not selected: 3 of excluded resources, 1 whose labels do not match" restore=velero/again',
    )
  })

  it('keeps every message on its own line', () => {
    expect(lines(made('a', { messages: [error('velero', 'one\ntwo\r\nthree')] }))).toHaveLength(6)
  })
})

describe('progress', () => {
  it.each([
    [undefined, { itemsRestored: 0, totalItems: 5 }, { itemsRestored: 0, totalItems: 5 }],
    [
      { itemsRestored: 2, totalItems: 5 },
      { itemsRestored: 3, totalItems: 5 },
      { itemsRestored: 3, totalItems: 5 },
    ],
    [{ itemsRestored: 3, totalItems: 5 }, { itemsRestored: 3, totalItems: 5 }, undefined],
    [{ itemsRestored: 3, totalItems: 5 }, { itemsRestored: 2, totalItems: 9 }, undefined],
    [
      { itemsRestored: 3, totalItems: 5 },
      { itemsRestored: 3, totalItems: 7 },
      { itemsRestored: 3, totalItems: 7 },
    ],
    [
      { itemsRestored: 3, totalItems: 5 },
      { itemsRestored: 8, totalItems: 5 },
      { itemsRestored: 8, totalItems: 8 },
    ],
    [{ itemsRestored: 8, totalItems: 8 }, { itemsRestored: 8, totalItems: 5 }, undefined],
  ])('from %j with %j becomes %j', (live, now, written) => {
    expect(advanceProgress(live, now)).toEqual(written)
  })
})
