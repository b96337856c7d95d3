import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import {
  cloneManifest,
  isJsonMap,
  parseJson,
  rawJsonText,
  semanticEqual,
  stringifyJson,
} from '../../../core/values/manifest-json.ts'

describe('parseJson and stringifyJson', () => {
  it.each(['9007199254740993', '-9223372036854775808', '18446744073709551615', '123456789012345678901234567890'])(
    'keep the integer %s digit by digit, at any depth',
    (digits) => {
      const text = `{"a":[{"b":${digits}}],"${digits}":${digits}}`
      expect(stringifyJson(parseJson(text))).toBe(text)
    },
  )

  it('give numbers that JavaScript can hold as numbers, beside one that it cannot', () => {
    expect(parseJson('{"big":9007199254740993,"n":7,"f":0.1234567890123456,"s":"9007199254740993"}')).toMatchObject({
      n: 7,
      f: 0.1234567890123456,
      s: '9007199254740993',
    })
  })

  it('keep a big integer when the object around it is spread', () => {
    const read = parseJson('{"spec":{"at":9007199254740993}}') as { spec: object }
    expect(stringifyJson({ ...read, spec: { ...read.spec, more: true } })).toBe(
      '{"spec":{"at":9007199254740993,"more":true}}',
    )
  })

  it('read and write any other JSON as the language does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(stringifyJson(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })

  it('refuse what is no JSON, and what has no JSON text', () => {
    expect(() => parseJson('{"a":')).toThrow(SyntaxError)
    expect(() => stringifyJson(undefined)).toThrow(TypeError)
  })
})

describe('the error of a text that is no JSON', () => {
  const faultOf = (text: string): string => {
    try {
      return JSON.stringify(parseJson(text))
    } catch (thrown) {
      return thrown instanceof SyntaxError ? thrown.message : 'no SyntaxError'
    }
  }

  test.each([
    ['', 'invalid JSON: the text ends too early'],
    ['{"a": "b', 'invalid JSON: the text ends too early'],
    ['{"a": 1234567890123456', 'invalid JSON at line 1, column 23'],
    ['{"a": 1\n "b": 2}', 'invalid JSON at line 2, column 2'],
    ['secret', 'invalid JSON'],
  ])('%j is: %s', (text, fault) => {
    expect(faultOf(text)).toBe(fault)
  })

  it('is there for each of 243 texts that Go refuses', () => {
    const texts = JSON.parse(readFileSync(new URL('no-json.json', import.meta.url), 'utf8')) as string[]
    expect(texts).toHaveLength(243)
    expect(texts.filter((text) => !faultOf(text).startsWith('invalid JSON'))).toEqual([])
  })

  it('never quotes the text, which may be a Secret', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const fault = faultOf(text)
        fc.pre(fault.startsWith('invalid JSON'))
        expect(fault).toMatch(/^invalid JSON(: the text ends too early| at line \d+, column \d+)?$/)
      }),
    )
  })
})

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

test('a clone says the same and shares no object with its origin', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const clone = cloneManifest(value)
      expect(JSON.stringify(clone)).toBe(JSON.stringify(value))
      if (typeof value === 'object' && value !== null) expect(clone).not.toBe(value)
    }),
  )
})

test('changing a clone leaves the origin alone', () => {
  const origin = { metadata: { labels: { a: 'b' } }, list: [{ x: 1 }] }
  const clone = cloneManifest(origin)
  clone.metadata.labels.a = 'c'
  clone.list[0]!.x = 2
  expect(origin).toEqual({ metadata: { labels: { a: 'b' } }, list: [{ x: 1 }] })
})

test('an integer beyond 2^53 keeps its digits', () => {
  const text = '{"spec":{"size":9007199254740993,"list":[-9007199254740993]}}'
  expect(stringifyJson(cloneManifest(parseJson(text)))).toBe(text)
})

test('a field named __proto__ is data', () => {
  const origin: unknown = JSON.parse('{"__proto__":{"a":1}}')
  expect(JSON.stringify(cloneManifest(origin))).toBe('{"__proto__":{"a":1}}')
})
