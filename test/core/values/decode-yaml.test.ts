import { describe, expect, it, test } from 'vitest'
import { decodeKnownFields } from '../../../core/values/decode-known-fields.ts'
import { decodeStrictJson } from '../../../core/values/decode-strict-json.ts'
import { formatGoFloat, resolveGoScalar } from '../../../core/values/go-scalar.ts'
import { readYaml } from '../../../core/values/read-yaml.ts'
import { anything, aString, listOf, stringMap, strings, struct } from '../../../core/values/shape.ts'

const shape = struct('pkg.Root', {
  name: aString,
  tags: strings,
  labels: stringMap,
  free: anything,
  rules: listOf(struct('pkg.Rule', { path: aString, list: strings })),
})

describe('decodeStrictJson', () => {
  const decode = (text: string) => decodeStrictJson(text, shape)
  const fault = (text: string) => ({ error: `error unmarshaling JSON: while decoding JSON: json: ${text}` })

  test.each<[string, unknown]>([
    ['', undefined],
    ['null', undefined],
    ['{}', {}],
    ['name: a\ntags: [b]', { name: 'a', tags: ['b'] }],
    ['NAME: a', { name: 'a' }],
    ['name: null\ntags: ~', {}],
    ['tags: [1, true, null, yes, 0777, 1.50]', { tags: ['1', 'true', '', 'true', '511', '1.5'] }],
    ['tags: ["1", "yes", "null"]', { tags: ['1', 'yes', 'null'] }],
    ['labels: {a: 1, b: null, true: x}', { labels: { a: '1', b: '', true: 'x' } }],
    ['rules: [{path: /a}, null]', { rules: [{ path: '/a' }, {}] }],
    ['rules: [&x {path: /a}, *x]', { rules: [{ path: '/a' }, { path: '/a' }] }],
    ['name: a\n---\nnope: b', { name: 'a' }],
    ['free: {anything: [goes]}', { free: null }],
    ['rules: [{<<: {path: /a, list: [b]}, path: /c}]', { rules: [{ path: '/c', list: ['b'] }] }],
  ])('%j', (text, value) => {
    expect(decode(text)).toEqual({ value })
  })

  test.each([
    ['other: 1', fault('unknown field "other"')],
    ['rules: [{other: 1}]', fault('unknown field "other"')],
    ['text', fault('cannot unmarshal string into Go value of type pkg.Root')],
    ['[]', fault('cannot unmarshal array into Go value of type pkg.Root')],
    ['name: {a: b}', fault('cannot unmarshal object into Go struct field Root.name of type string')],
    ['tags: 1', fault('cannot unmarshal number into Go struct field Root.tags of type []string')],
    ['tags: [[a]]', fault('cannot unmarshal array into Go struct field Root.tags of type string')],
    ['labels: [a]', fault('cannot unmarshal array into Go struct field Root.labels of type map[string]string')],
    ['rules: yes', fault('cannot unmarshal bool into Go struct field Root.rules of type []pkg.Rule')],
    ['rules: [a]', fault('cannot unmarshal string into Go struct field Root.rules of type pkg.Rule')],
    ['rules: [{path: []}]', fault('cannot unmarshal array into Go struct field Rule.rules.path of type string')],
    ['zzz: 1\naaa: 1', fault('unknown field "aaa"')],
    [
      'name: a\nname: b\nrules: [{path: a, path: b}]',
      {
        error:
          'error converting YAML to JSON: yaml: unmarshal errors:\n  line 2: key "name" already set in map\n  line 3: key "path" already set in map',
      },
    ],
    ['name: [', { error: expect.stringContaining('error converting YAML to JSON: yaml: ') }],
  ])('%j is refused', (text, error) => {
    expect(decode(text)).toEqual(error)
  })
})

describe('decodeKnownFields', () => {
  const decode = (text: string) => decodeKnownFields(text, shape)
  const faults = (...lines: string[]) => ({
    error: `yaml: unmarshal errors:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  })

  test.each<[string, unknown]>([
    ['null', undefined],
    ['{}', {}],
    ['name: yes\ntags: [1, true, null, 1.50, 0777]', { name: 'yes', tags: ['1', 'true', '1.50', '0777'] }],
    ['labels: {a: 1, b: null}', { labels: { a: '1', b: '' } }],
    ['rules: [null, {path: /a}]', { rules: [{ path: '/a' }] }],
    ['name: !!str 5', { name: '5' }],
  ])('%j', (text, value) => {
    expect(decode(text)).toEqual({ value })
  })

  test.each([
    ['', { error: 'EOF' }],
    ['# nothing', { error: 'EOF' }],
    ['Name: a', faults('line 1: field Name not found in type pkg.Root')],
    [
      'name: a\nfoo: 1\nrules:\n- bar: 1',
      faults('line 2: field foo not found in type pkg.Root', 'line 4: field bar not found in type pkg.Rule'),
    ],
    ['name: a\nname: b\nfoo: 1', faults('line 2: mapping key "name" already defined at line 1')],
    ['abc', faults('line 1: cannot unmarshal !!str `abc` into pkg.Root')],
    ['tags: abcdefghijkl', faults('line 1: cannot unmarshal !!str `abcdefg...` into []string')],
    [
      'tags: {a: b}\nlabels: 5',
      faults(
        'line 1: cannot unmarshal !!map into []string',
        'line 2: cannot unmarshal !!int `5` into map[string]string',
      ),
    ],
    ['tags: true', faults('line 1: cannot unmarshal !!bool `true` into []string')],
    ['tags: yes', faults('line 1: cannot unmarshal !!str `yes` into []string')],
    ['tags: 1.5', faults('line 1: cannot unmarshal !!float `1.5` into []string')],
    ['tags: 2001-01-01', faults('line 1: cannot unmarshal !!timestamp `2001-01-01` into []string')],
    ['name: [a]', faults('line 1: cannot unmarshal !!seq into string')],
  ])('%j is refused', (text, error) => {
    expect(decode(text)).toEqual(error)
  })
})

describe('readYaml', () => {
  test.each([
    ['a: b: c', 'yaml: mapping values are not allowed in this context'],
    ['a:\n\t- b', 'yaml: line 2: found character that cannot start any token'],
    ["a: 'x", 'yaml: found unexpected end of stream'],
    ['a: @x', 'yaml: found character that cannot start any token'],
    ['a: "\\q"', 'yaml: found unknown escape character'],
    ['a: *b', "yaml: unknown anchor 'b' referenced"],
    ['a: 1\nb', "yaml: line 2: could not find expected ':'"],
    ['a: &a [*a]', "yaml: anchor 'a' value contains itself"],
  ])('%j is no YAML', (text, error) => {
    expect(readYaml(text)).toEqual({ error })
  })

  it('gives up on a text that its aliases blow up', () => {
    const levels = Array.from({ length: 8 }, (_, level) => {
      const alias = level === 0 ? 'x' : `*l${level - 1}`
      return `l${level}: &l${level} [${Array.from({ length: 9 }, () => alias).join(', ')}]`
    })
    expect(readYaml(levels.join('\n'))).toEqual({ error: 'yaml: document contains excessive aliasing' })
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
  ['.nan', 'NaN'],
  ['18446744073709551616', '1.8446744e+19'],
])('the floating-point number %s becomes the string %s', (text, printed) => {
  const scalar = resolveGoScalar(text)
  expect(scalar.kind === 'float' ? formatGoFloat(scalar.value) : scalar).toBe(printed)
})

test.each([
  ['0o17', 15n],
  ['0b11', 3n],
  ['-0x1f', -31n],
  ['1_000', 1000n],
  ['18446744073709551615', 18446744073709551615n],
])('%s is the integer %s', (text, value) => {
  expect(resolveGoScalar(text)).toEqual({ kind: 'int', value })
})

test.each(['1:30', '2001-01-01', '08x', '_1', 'tRue', '1.2.3', '0x'])('%s is a string', (text) => {
  expect(resolveGoScalar(text)).toEqual({ kind: 'string', value: text })
})
