import { expect, it } from 'vitest'
import type { Outcome } from '../../../core/items/outcome.ts'
import { remarksOf } from '../../../core/results/render-log.ts'
import { tallyOf } from '../../../core/results/tally.ts'

const outcome = (name: string, more: Partial<Outcome> = {}): Outcome => ({
  key: `configmaps|shop|${name}`,
  action: 'created',
  listed: { kind: 'v1/ConfigMap', name: `shop/${name}` },
  messages: [],
  at: 't',
  ...more,
})
const lost = { because: 'it loses all labels' }

it('quotes the first remarks about objects that were written, and counts the others', () => {
  const remarked = ['d', 'c', 'b', 'a', 'e'].map((name) => outcome(name, lost))
  const others = [outcome('x'), outcome('y', { action: 'skipped', because: 'it is mirrored' })]
  expect(remarksOf(tallyOf([...others, ...remarked]), { spec: {} })).toBe(
    'v1/ConfigMap shop/a: it loses all labels; v1/ConfigMap shop/b: it loses all labels; ' +
      'v1/ConfigMap shop/c: it loses all labels; and 2 more in the log',
  )
})

it('says that the backup has nothing of the included namespaces', () => {
  expect(remarksOf(tallyOf([]), { spec: { includedNamespaces: ['shop'] }, isEmpty: true })).toContain('namespaces shop')
  expect(remarksOf(tallyOf([]), { spec: {}, isEmpty: true })).toBeUndefined()
})

it('is short, whatever the names', () => {
  expect(remarksOf(tallyOf([outcome('a'.repeat(2000), lost)]), { spec: {} })).toHaveLength(900)
})
