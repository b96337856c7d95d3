import { describe, expect, it, test } from 'vitest'
import { decodeShape } from '../../../core/values/decode-shape.ts'
import type { DecodeRules, Shape } from '../../../core/values/decode-shape.ts'

const texts: Shape = { list: 'text' }
const shape: Shape = {
  fields: {
    name: 'text',
    tags: texts,
    labels: { map: 'text' },
    free: 'anything',
    count: 'integer',
    on: 'boolean',
    rules: { list: { fields: { path: 'text', list: texts } } },
    kept: { list: { fields: { path: 'text' } }, keepsNulls: true },
  },
}

const decode = (value: unknown, rules: DecodeRules = {}) => decodeShape(value, shape, rules)

describe('a value of the right shape', () => {
  test.each<[string, unknown, unknown]>([
    ['is nothing where there is none', undefined, undefined],
    ['is nothing where it is null', null, undefined],
    [
      'has the fields that were given',
      { name: 'a', tags: ['b'], rules: [{}] },
      { name: 'a', tags: ['b'], rules: [{}] },
    ],
    ['has no field that is null', { name: null, tags: null, labels: null, rules: null }, {}],
    [
      'has the empty value for a null in a list or map',
      { tags: [null], rules: [null], labels: { a: null } },
      { tags: [''], rules: [{}], labels: { a: '' } },
    ],
    [
      'keeps the null of a number and of a boolean, which says that there is none',
      { count: null, on: null },
      { count: null, on: null },
    ],
    ['may hold anything where anything goes', { free: [{ any: 1 }] }, { free: [{ any: 1 }] }],
    ['may have a key like a method', { labels: { constructor: 'x' } }, { labels: { constructor: 'x' } }],
  ])('%s', (_what, value, decoded) => {
    expect(decode(value)).toEqual({ value: decoded })
  })

  it('has its fields by any case of their names, where Go reads it as JSON', () => {
    expect(decode({ NAME: 'a', Rules: [{ PATH: 'b' }] }, { anyCase: true })).toEqual({
      value: { name: 'a', rules: [{ path: 'b' }] },
    })
  })

  it('loses the nulls of its lists, where Go reads it as YAML; lists of pointers keep them', () => {
    const value = { tags: [null, 'a'], rules: [null], kept: [null], labels: { a: null } }
    expect(decode(value, { dropsNulls: true })).toEqual({
      value: { tags: ['a'], rules: [], kept: [{}], labels: { a: '' } },
    })
  })

  it('has text for a number or a boolean, where that is converted', () => {
    expect(decode({ name: 5, tags: [true, 1.5] }, { convertsScalars: true })).toEqual({
      value: { name: '5', tags: ['true', '1.5'] },
    })
  })

  it('may have more fields, where those are ignored', () => {
    expect(decode({ other: 1, name: 'a' }, { ignoresUnknown: true })).toEqual({ value: { name: 'a' } })
  })
})

describe('a value of another shape', () => {
  test.each<[unknown, string]>([
    ['text', 'expected an object, found text'],
    [[], 'expected an object, found a list'],
    [{ other: 1 }, 'unknown field other'],
    [{ Name: 'a' }, 'unknown field Name'],
    [{ rules: [{}, { other: 1 }] }, 'unknown field rules[1].other'],
    [{ constructor: 1 }, 'unknown field constructor'],
    [{ name: { a: 'b' } }, 'name: expected text, found an object'],
    [{ name: 5 }, 'name: expected text, found a number'],
    [{ tags: 'a' }, 'tags: expected a list, found text'],
    [{ tags: [['a']] }, 'tags[0]: expected text, found a list'],
    [{ labels: ['a'] }, 'labels: expected an object, found a list'],
    [{ labels: { a: false } }, 'labels.a: expected text, found a boolean'],
    [{ rules: true }, 'rules: expected a list, found a boolean'],
    [{ rules: ['a'] }, 'rules[0]: expected an object, found text'],
    [{ count: 1.5 }, 'count: expected an integer, found a number'],
    [{ count: '1' }, 'count: expected an integer, found text'],
    [{ on: 'true' }, 'on: expected a boolean, found text'],
    [
      { zzz: 1, name: [], tags: 1 },
      'unknown field zzz, name: expected text, found a list, tags: expected a list, found a number',
    ],
  ])('%j is refused', (value, error) => {
    expect(decode(value)).toEqual({ error })
  })
})
