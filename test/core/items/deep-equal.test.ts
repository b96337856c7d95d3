import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { isJsonMap, rawJsonText, semanticEqual } from '../../../core/values/manifest-json.ts'

const raw = (digits: string): unknown => (JSON as any).rawJSON(digits)

describe('semanticEqual', () => {
  test.each<[string, unknown, unknown, boolean]>([
    ['the order of keys does not matter', { a: 1, b: 2 }, { b: 2, a: 1 }, true],
    ['the order of a list matters', [1, 2], [2, 1], false],
    ['a missing key is not an empty list', {}, { finalizers: [] }, false],
    ['a missing key is not an empty map', { labels: {} }, {}, false],
    ['a missing key is not null', {}, { creationTimestamp: null }, false],
    ['a missing key is not undefined under another name', { a: undefined }, { b: undefined }, false],
    ['null is not an empty list', { a: null }, { a: [] }, false],
    ['null is not an empty map', { a: null }, { a: {} }, false],
    ['null is null', { a: null }, { a: null }, true],
    ['an empty list is not an empty map', [], {}, false],
    ['empty lists are equal', { a: [] }, { a: [] }, true],
    ['a number is not its text', { a: 1 }, { a: '1' }, false],
    ['zero is zero whatever its sign', { a: 0 }, { a: -0 }, true],
    ['a longer list differs', [1], [1, 1], false],
    ['an inherited name is no key', { toString: 1 }, { other: 1 }, false],
    ['deep down counts', { a: [{ b: { c: 1 } }] }, { a: [{ b: { c: 2 } }] }, false],
  ])('%s', (_, a, b, equal) => {
    expect(semanticEqual(a, b)).toBe(equal)
    expect(semanticEqual(b, a)).toBe(equal)
  })

  it('compares integers beyond 2^53 by their digits', () => {
    expect(semanticEqual({ a: raw('9007199254740993') }, { a: raw('9007199254740993') })).toBe(true)
    expect(semanticEqual({ a: raw('9007199254740993') }, { a: raw('9007199254740992') })).toBe(false)
    expect(semanticEqual(raw('9007199254740993'), { rawJSON: '9007199254740993' })).toBe(false)
    expect(semanticEqual({ rawJSON: '9007199254740993' }, raw('9007199254740993'))).toBe(false)
  })

  it('holds for any JSON and its copy', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => semanticEqual(value, structuredClone(value))))
  })
})

test('a number kept as raw JSON is a leaf, not a map', () => {
  expect(isJsonMap(raw('9007199254740993'))).toBe(false)
  expect(rawJsonText(raw('9007199254740993'))).toBe('9007199254740993')
  expect(rawJsonText({ rawJSON: '1' })).toBeUndefined()
  expect([{}, [], null, 'x'].map(isJsonMap)).toEqual([true, false, false, false])
})
