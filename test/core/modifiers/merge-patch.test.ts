import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { semanticEqual } from '../../../core/values/manifest-json.ts'
import { applyMergePatch, makeMergePatch } from '../../../core/modifiers/merge-patch.ts'

const raw = (digits: string): unknown => (JSON as any).rawJSON(digits)

describe('applyMergePatch follows the table of RFC 7386', () => {
  test.each<[unknown, unknown, unknown]>([
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])('%j with %j is %j', (target, patch, result) => {
    expect(applyMergePatch(target, patch)).toEqual(result)
  })

  it('takes an integer beyond 2^53 as one value', () => {
    const big = raw('9007199254740993')
    expect(applyMergePatch({ a: { b: 1 } }, { a: big })).toEqual({ a: big })
    expect(applyMergePatch({ a: big }, { a: { b: 1 } })).toEqual({ a: { b: 1 } })
  })

  it('does not change its target', () => {
    const target = { a: { b: 1 } }
    applyMergePatch(target, { a: { b: null, c: 2 } })
    expect(target).toEqual({ a: { b: 1 } })
  })

  it('keeps a field called __proto__ a field', () => {
    const merged = applyMergePatch(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"b":2}}'))
    expect(JSON.stringify(merged)).toBe('{"__proto__":{"a":1,"b":2}}')
  })
})

describe('makeMergePatch', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>, unknown]>([
    ['is nothing where both are the same', { a: 1, b: [1] }, { b: [1], a: 1 }, undefined],
    ['removes what only the first has', { a: 1, b: 2 }, { a: 1 }, { b: null }],
    ['adds what only the second has', {}, { a: { b: 1 } }, { a: { b: 1 } }],
    ['goes down into maps', { m: { a: 1, b: 2 } }, { m: { a: 1, b: 3 } }, { m: { b: 3 } }],
    ['replaces lists whole', { l: [1, 2, 3] }, { l: [1, 2] }, { l: [1, 2] }],
    ['replaces where the kind of value changes', { a: {} }, { a: [] }, { a: [] }],
    ['says nothing of a null on both sides', { a: null }, { a: null }, undefined],
    ['removes a field that becomes null', { a: 1 }, { a: null }, { a: null }],
    [
      'sees a difference in digits beyond 2^53',
      { a: raw('9007199254740993') },
      { a: raw('9007199254740995') },
      { a: raw('9007199254740995') },
    ],
    [
      'blanked labels come out as the patch that only relabels',
      { metadata: { labels: { app: 'x' } } },
      { metadata: { labels: { app: 'x', 'velero.io/restore-name': 'r' } } },
      { metadata: { labels: { 'velero.io/restore-name': 'r' } } },
    ],
  ])('%s', (_, from, to, patch) => {
    expect(makeMergePatch(from, to)).toEqual(patch)
  })

  it('applied to the first gives the second, for any JSON without nulls', () => {
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean())
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('tree'), { noNullPrototype: true }),
      ),
    }))
    const object = fc.dictionary(fc.constantFrom('a', 'b', 'c'), tree, { noNullPrototype: true })
    fc.assert(
      fc.property(object, object, (from, to) =>
        semanticEqual(applyMergePatch(from, makeMergePatch(from, to) ?? {}), to),
      ),
    )
  })
})
