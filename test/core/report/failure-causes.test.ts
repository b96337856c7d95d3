import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../core/items/outcome.ts'
import { countWithCauses, FailureCauses } from '../../../core/report/failure-causes.ts'
import { tallyOf } from '../../../core/results/tally.ts'

const failed = (name: string, text: string): Outcome => ({
  key: `configmaps|shop|${name}`,
  action: 'failed',
  listed: { kind: 'v1/ConfigMap', name: `shop/${name}` },
  messages: [{ severity: 'error', scope: 'namespace:shop', text }],
  at: '2026-01-01T00:00:00Z',
})

describe('the causes of the errors of a chunk', () => {
  it('are the most frequent ones, without names and values', () => {
    const refused = (name: string) => failed(name, `error restoring configmaps/shop/${name}: "${name}" is too long`)
    const { causes, errors } = countWithCauses(tallyOf([refused('a'), refused('b'), failed('c', 'no')]))
    expect(errors).toBe(3)
    expect(causes).toEqual([
      { cause: 'error restoring …: "…" is too long', count: 2 },
      { cause: 'no', count: 1 },
    ])
  })

  it('are absent where there is no error', () => {
    const { causes } = countWithCauses(tallyOf([{ ...failed('a', 'no'), messages: [], action: 'created' }]))
    expect(causes).toBeUndefined()
  })

  it('are bounded', () => {
    const many = Array.from({ length: 20 }, (_, index) =>
      failed(`n${index}`, `${'x'.repeat(index + 1)} ${'y'.repeat(500)}`),
    )
    const { causes = [] } = countWithCauses(tallyOf(many))
    expect(causes).toHaveLength(3)
    expect(causes.every(({ cause }) => cause.length <= 200)).toBe(true)
  })
})

describe('the causes of a restore', () => {
  it('are summed over chunks, and a chunk that reports again replaces what it told', () => {
    const causes = new FailureCauses()
    causes.set('wave-001/chunk-00000', [{ cause: 'quota', count: 3 }])
    causes.set('wave-001/chunk-00001', [{ cause: 'quota', count: 2 }])
    causes.set('wave-001/chunk-00000', [{ cause: 'quota', count: 1 }])
    expect(causes.top(10)).toEqual([{ cause: 'quota', count: 3 }])
    causes.set('wave-001/chunk-00001', undefined)
    expect(causes.top(10)).toEqual([{ cause: 'quota', count: 1 }])
  })

  it('go on in the next run', () => {
    const causes = new FailureCauses([
      ['a', [{ cause: 'quota', count: 3 }]],
      ['b', [{ cause: 'webhook', count: 2 }]],
      ['c', [{ cause: 'webhook', count: 2 }]],
    ])
    const next = new FailureCauses(Object.entries(causes.handed(new Set(['a']), 10)))
    expect(next.top(10)).toEqual([
      { cause: 'webhook', count: 4 },
      { cause: 'quota', count: 3 },
    ])
    next.set('a', undefined)
    expect(next.top(10)).toEqual([{ cause: 'webhook', count: 4 }])
  })

  it('are handed to the next run for at most 200 chunks apart, and none is lost', () => {
    const keys = Array.from({ length: 5000 }, (_, index) => `wave-001/chunk-${String(index).padStart(5, '0')}`)
    const causes = new FailureCauses(keys.map((key) => [key, [{ cause: 'quota', count: 1 }]]))
    const handed = causes.handed(new Set(keys), 10)
    expect(Object.keys(handed)).toEqual(['', ...keys.slice(0, 200)])
    expect(handed['']).toEqual([{ cause: 'quota', count: 4800 }])
    const again = new FailureCauses(Object.entries(handed)).handed(new Set(keys), 10)
    expect(again).toEqual(handed)
  })
})
