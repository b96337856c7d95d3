import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cloneManifest, parseJson, stringifyJson } from '../../../core/values/manifest-json.ts'

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
