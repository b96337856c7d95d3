import { describe, expect, it, test } from 'vitest'
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
const strict = 'failed to decode yaml data into resource modifiers, err: '
const json = `${strict}error unmarshaling JSON: while decoding JSON: json: `

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
  [rule('  foo: 1'), `${json}unknown field "foo"`],
  [
    rule('  patches: {a: b}'),
    `${json}cannot unmarshal object into Go struct field ResourceModifierRule.resourceModifierRules.patches of type []resourcemodifiers.JSONPatch`,
  ],
  [
    rule('  patches: [{operation: add, path: /a, value: {b: 1}}]'),
    `${json}cannot unmarshal object into Go struct field JSONPatch.resourceModifierRules.patches.value of type string`,
  ],
  ['abc', `${json}cannot unmarshal string into Go value of type resourcemodifiers.ResourceModifiers`],
  [
    'version: v1\nversion: v1',
    `${strict}error converting YAML to JSON: yaml: unmarshal errors:\n  line 2: key "version" already set in map`,
  ],
  ['a: b: c', `${strict}error converting YAML to JSON: yaml: mapping values are not allowed in this context`],
])('%j gives %s', (text, fault) => {
  expect(faultOf(text)).toBe(fault)
})
