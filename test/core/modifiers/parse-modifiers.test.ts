import { describe, expect, it, test } from 'vitest'
import { expressionSize } from '../../../core/modifiers/expression-size.ts'
import { parseModifiers, validateModifiers } from '../../../core/modifiers/parse-modifiers.ts'
import type { Manifest } from '../../../velero/manifest.ts'

function aConfigMap(data?: Record<string, string>): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'velero', name: 'mods' }, ...(data && { data }) }
}

function parse(text: string) {
  return parseModifiers(aConfigMap({ 'any.yaml': text }))
}

function faultOf(text: string): string | undefined {
  const parsed = parse(text)
  return 'error' in parsed ? parsed.error : validateModifiers(parsed.modifiers)
}

const rule = (rest: string) => `version: v1\nresourceModifierRules:\n- conditions: {groupResource: pods}\n${rest}`
const undecoded = 'failed to decode yaml data into resource modifiers, err: '

it.each([
  ['', 0],
  ['^web-[a-z]{3}$', 17],
  ['a{1000}', 1000],
  ['(a{100}){100}', 10100],
  ['(?:ab|c{2,10}){3,}[{}]{2}', 53],
  [String.raw`\pL{10}\{5}`, 1004],
  ['((((a{9}){9}){9}){9}){9}', 66429 + 7381],
])('knows how large the expression %s becomes: about %d', (source, size) => {
  expect(expressionSize(source)).toBeLessThanOrEqual(size * 1.3)
  expect(expressionSize(source)).toBeGreaterThanOrEqual(size * 0.7)
})

it('refuses patterns that would block a worker, before one of them is compiled', () => {
  const hostile = Array.from(
    { length: 900 },
    () =>
      '- conditions: {groupResource: pods, resourceNameRegex: "a{1000}"}\n  patches: [{operation: remove, path: /a}]',
  )
  expect(faultOf(`version: v1\nresourceModifierRules:\n${hostile.join('\n')}`)).toMatch(
    /^the patterns of all resource modifier rules together are too large: about 90\d{4} steps, and at most 50000 are allowed$/,
  )
  expect(faultOf(`version: v1\nresourceModifierRules:\n${hostile.slice(0, 40).join('\n')}`)).toBeUndefined()
})

it('reads a rule with all of its conditions', () => {
  const text = `version: v1
resourceModifierRules:
- conditions:
    groupResource: deployments.apps
    resourceNameRegex: "^web"
    namespaces: [shop, "bank-*"]
    labelSelector: {matchLabels: {app: 1}, matchExpressions: [{key: a, operator: In, values: [b]}]}
    matches: [{path: /spec/replicas, value: 1}]
  patches:
  - {operation: replace, path: /spec/replicas, value: 2}
- conditions: {groupResource: pods}
  mergePatches: [{patchData: "a: 1"}]
`
  expect(parse(text)).toEqual({
    modifiers: {
      version: 'v1',
      rules: [
        {
          conditions: {
            groupResource: 'deployments.apps',
            resourceNameRegex: '^web',
            namespaces: ['shop', 'bank-*'],
            labelSelector: {
              matchLabels: { app: '1' },
              matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }],
            },
            matches: [{ path: '/spec/replicas', value: '1' }],
          },
          patches: [{ operation: 'replace', path: '/spec/replicas', from: '', value: '2' }],
          mergePatches: [],
          strategicPatches: [],
        },
        {
          conditions: { groupResource: 'pods', resourceNameRegex: '', namespaces: [], matches: [] },
          patches: [],
          mergePatches: ['a: 1'],
          strategicPatches: [],
        },
      ],
    },
  })
})

describe('a ConfigMap needs exactly one key', () => {
  test.each([[undefined], [{}], [{ a: 'version: v1', b: 'version: v1' }]])('%j', (data) => {
    expect(parseModifiers(aConfigMap(data))).toEqual({ error: 'illegal resource modifiers velero/mods configmap' })
  })
})

test.each<[string, string | undefined]>([
  ['', 'unsupported resource modifier version '],
  ['version: v2', 'unsupported resource modifier version v2'],
  ['version: v1', 'resource modifier rules cannot be empty'],
  ['version: V1\nresourceModifierRules: [{conditions: {groupResource: pods}}]', undefined],
  ['version: v1\nresourceModifierRules: [{}]', 'groupkResource cannot be empty'],
  [
    rule('  patches: [{operation: add, path: /a}]\n  mergePatches: [{patchData: ""}]'),
    'only one of patches, mergePatches, strategicPatches can be specified',
  ],
  [
    rule('  mergePatches: [{}]\n  strategicPatches: [{}]'),
    'only one of patches, mergePatches, strategicPatches can be specified',
  ],
  [rule('  patches: [{path: /a}]'), 'operation cannot be empty'],
  [rule('  patches: [{operation: merge, path: /a}]'), 'unsupported operation merge'],
  [rule('  patches: [{operation: ADD, path: /a}]'), undefined],
  [rule('  patches: [{operation: add}]'), 'path cannot be empty'],
  [rule('  foo: 1'), `${undecoded}unknown field resourceModifierRules[0].foo`],
  [rule('  patches: {a: b}'), `${undecoded}resourceModifierRules[0].patches: expected a list, found an object`],
  [
    rule('  patches: [{operation: add, path: /a, value: {b: 1}}]'),
    `${undecoded}resourceModifierRules[0].patches[0].value: expected text, found an object`,
  ],
  ['abc', `${undecoded}expected an object, found text`],
  ['version: v1\nversion: v1', `${undecoded}line 2: Map keys must be unique`],
  ['a: b: c', `${undecoded}line 1: Nested mappings are not allowed in compact mappings`],
  ['Version: v1\nresourcemodifierrules: [{conditions: {groupresource: pods}}, null]', 'groupkResource cannot be empty'],
])('%j gives %s', (text, fault) => {
  expect(faultOf(text)).toBe(fault)
})
