import { describe, expect, it, test } from 'vitest'
import { stringifyJson } from '../../../core/values/manifest-json.ts'
import { formatGoFloat, readYaml, resolveGoScalar } from '../../../core/values/yaml.ts'
import type { YamlReading } from '../../../core/values/yaml.ts'

const read = (
  text: string,
  scalars: YamlReading['scalars'] = 'json',
  repeatedKeys: 'refused' | 'last wins' = 'refused',
) => readYaml(text, { scalars, repeatedKeys })

describe('a YAML text', () => {
  test.each<[string, unknown]>([
    ['', undefined],
    ['# nothing', undefined],
    ['null', null],
    ['--- \n---\nname: a', null],
    ['name: a\n---\nnope: b', { name: 'a' }],
    ['a: 1\nb: yes\nc: "yes"\nd:\ne: !!str 5\nf: 0777', { a: 1, b: true, c: 'yes', d: null, e: '5', f: 511 }],
    ['a: !!int "5"\nb: !!float 3\nc: !foo bar', { a: 5, b: 3, c: 'bar' }],
    ['a: 2001-01-01\nb: 1:30\nc: .\nd: <<', { a: '2001-01-01', b: '1:30', c: '.', d: '<<' }],
    ['- &x {path: /a}\n- *x', [{ path: '/a' }, { path: '/a' }]],
    ['{<<: {path: /a, list: [b]}, path: /c}', { path: '/c', list: ['b'] }],
    ['{path: /c, <<: [{path: /a}, {q: 1, path: /b}]}', { path: '/c', q: 1 }],
    ['{1: a, yes: b, 0x10: c}', { '1': 'a', true: 'b', '16': 'c' }],
    ['{__proto__: 1}', JSON.parse('{"__proto__": 1}')],
  ])('%j is read as JSON', (text, value) => {
    expect(read(text)).toEqual({ value })
  })

  it('keeps integers exact that a JavaScript number cannot hold', () => {
    const found = read('a: 18446744073709551615\nb: 9007199254740993')
    expect('value' in found && stringifyJson(found.value)).toBe('{"a":18446744073709551615,"b":9007199254740993}')
  })

  test.each<[string, unknown]>([
    ['[1, true, null, yes, 0777, 1.50, .nan, 1000000.0]', ['1', 'true', null, 'true', '511', '1.5', 'NaN', '1e+06']],
    ['["1", "yes", "null", !!str 5]', ['1', 'yes', 'null', '5']],
    ['{a: 1, true: x}', { a: '1', true: 'x' }],
  ])('%j is read as the text that Go makes of its scalars', (text, value) => {
    expect(read(text, 'text')).toEqual({ value })
  })

  test.each<[string, unknown]>([
    ['[1, true, null, yes, 0777, 1.50, ~, !!int 07]', ['1', 'true', null, 'yes', '0777', '1.50', null, '07']],
    ['["1", "null"]', ['1', 'null']],
  ])('%j is read as it is written', (text, value) => {
    expect(read(text, 'as written')).toEqual({ value })
  })

  test.each([
    ['a: b: c', 'line 1: Nested mappings are not allowed in compact mappings'],
    ['a:\n\t- b', 'line 2: Tabs are not allowed as indentation'],
    ["a: 'x", "line 1: Missing closing 'quote"],
    ['a: @x', 'line 1: Plain value cannot start with reserved character @'],
    ['a: "\\q"', 'line 1: Invalid escape sequence \\q'],
    ['a: 1\nb', 'line 2: Implicit map keys need to be followed by map values'],
    ['a: *b', 'Unresolved alias (the anchor must be set before the alias)'],
    ['a:\n  &a [*a]', 'line 2: an alias stands inside its own anchor'],
    ['a: &a {b: &b [{c: *a}]}', 'line 1: an alias stands inside its own anchor'],
    ['<<: 5', 'Merge sources must be maps or map aliases'],
    ['x: 1\n? {a: b}\n: c', 'line 2: a key is no text, number or boolean'],
    ['{~: 1}', 'line 1: a key is no text, number or boolean'],
    ['a: 1\nb: .inf', 'line 2: JSON has no infinity and no NaN'],
    ['a: 1\na: 2', 'line 2: Map keys must be unique'],
    ['[{a: {b: 1, b: 2}}]', 'line 1: Map keys must be unique'],
  ])('%j is refused', (text, error) => {
    expect(read(text)).toEqual({ error })
  })

  it('never has its content in the message', () => {
    expect(read('a: secret: |2x secret\nsecret')).toEqual({ error: expect.not.stringContaining('secret') })
    expect(read('- !!map secret\n- *secret')).toEqual({ error: expect.not.stringContaining('secret') })
  })

  it('may say a key twice where the last one wins', () => {
    expect(read('a: 1\nb: {c: 1, c: 2}\na: 2', 'json', 'last wins')).toEqual({ value: { a: 2, b: { c: 2 } } })
  })

  it('is refused where its aliases blow it up, and where it is nested without end', () => {
    const levels = Array.from({ length: 8 }, (_, level) => {
      const alias = level === 0 ? 'x' : `*l${level - 1}`
      return `l${level}: &l${level} [${Array.from({ length: 9 }, () => alias).join(', ')}]`
    })
    expect(read(levels.join('\n'))).toEqual({ error: expect.stringContaining('alias count') })
    expect(read('['.repeat(20_000))).toEqual({ error: expect.stringContaining('line 1') })
    expect(read(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toEqual({ error: expect.any(String) })
  })

  it('may use an anchor a thousand times', () => {
    const found = read(`a: &x {b: 1}\nl: [${Array.from({ length: 1000 }, () => '*x').join(', ')}]`)
    expect(found).toMatchObject({ value: { a: { b: 1 } } })
  })
})

test.each([
  ['1e3', '1000'],
  ['1e6', '1e+06'],
  ['1234567.0', '1.234567e+06'],
  ['123456789.5', '1.2345679e+08'],
  ['100000.5', '100000.5'],
  ['0.0001', '0.0001'],
  ['0.00001', '1e-05'],
  ['-0.0', '-0'],
  ['1e39', '+Inf'],
  ['-.inf', '-Inf'],
  ['+.INF', '+Inf'],
  ['.nan', 'NaN'],
  ['18446744073709551616', '1.8446744e+19'],
])('the floating-point number %s becomes the text %s', (text, printed) => {
  expect(formatGoFloat(resolveGoScalar(text) as number)).toBe(printed)
})

test.each([
  ['0o17', 15n],
  ['0b11', 3n],
  ['-0x1f', -31n],
  ['1_000', 1000n],
  ['18446744073709551615', 18446744073709551615n],
])('%s is the integer %s', (text, value) => {
  expect(resolveGoScalar(text)).toBe(value)
})

test.each(['1:30', '2001-01-01', '08x', '_1', 'tRue', '1.2.3', '0x', '.', '-.', '.e3'])('%s is text', (text) => {
  expect(resolveGoScalar(text)).toBe(text)
})
