import { describe, expect, it, test } from 'vitest'
import { parseFilterPolicies } from '../../../core/filter/parse-filter-policy.ts'
import type { Manifest } from '../../../velero/manifest.ts'

function parse(text: string) {
  const configMap: Manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace: 'velero', name: 'pol' },
    data: { p: text },
  }
  return parseFilterPolicies(configMap)
}

const namespaced = (...policies: string[]) =>
  `version: v1\nnamespacedFilterPolicies:\n${policies.map((policy) => `- ${policy}\n`).join('')}`
const filters = (...items: string[]) => namespaced(`{namespaces: [a], resourceFilters: [${items.join(', ')}]}`)
const cluster = (...items: string[]) =>
  `version: v1\nclusterScopedFilterPolicy: {resourceFilters: [${items.join(', ')}]}`
const first = 'namespacedFilterPolicies[0]'

it('reads policies for cluster and namespaces', () => {
  const text = `version: v1
clusterScopedFilterPolicy:
  resourceFilters: [{kinds: [clusterroles], labelSelector: {matchLabels: {a: 1}}, names: ["a*"], excludedNames: [ab]}]
namespacedFilterPolicies:
- namespaces: [ns1, "team-*"]
  resourceFilters: [{kinds: [configmaps, secrets], orLabelSelectors: [{matchLabels: {a: b}}]}, {kinds: ["*"]}]
`
  expect(parse(text)).toEqual({
    policies: {
      clusterScoped: [
        {
          kinds: ['clusterroles'],
          labelSelector: { matchLabels: { a: '1' } },
          orLabelSelectors: [],
          names: ['a*'],
          excludedNames: ['ab'],
        },
      ],
      namespaced: [
        {
          namespaces: ['ns1', 'team-*'],
          resourceFilters: [
            {
              kinds: ['configmaps', 'secrets'],
              orLabelSelectors: [{ matchLabels: { a: 'b' } }],
              names: [],
              excludedNames: [],
            },
            { kinds: ['*'], orLabelSelectors: [], names: [], excludedNames: [] },
          ],
        },
      ],
    },
  })
})

describe('a policy is refused', () => {
  test.each([
    ['{}', 'incompatible version number  with supported version v1'],
    ['version: v2', 'incompatible version number v2 with supported version v1'],
    ['version: v1\nvolumePolicies: [{action: {type: skip}}]', 'volumePolicies are not supported for restore'],
    ['version: v1\nincludeExcludePolicy: {}', 'includeExcludePolicy is not supported for restore'],
    [
      cluster(),
      'clusterScopedFilterPolicy: resourceFilters cannot be empty; remove the policy block entirely if it is not needed',
    ],
    [
      cluster('{}'),
      'clusterScopedFilterPolicy.resourceFilters[0]: kinds must be specified (catch-all is not supported)',
    ],
    [
      cluster('{kinds: [a]}', '{kinds: [b, a]}'),
      'clusterScopedFilterPolicy: kind "a" appears in both resourceFilters[0] and resourceFilters[1]',
    ],
    [
      cluster('{kinds: [a], names: ["[z-a]"]}'),
      `clusterScopedFilterPolicy.resourceFilters[0].names[0]: invalid glob pattern "[z-a]": hi character 'a' should be greater than lo 'z'`,
    ],
    [namespaced('{namespaces: []}'), `${first}: at least one namespace must be specified`],
    [namespaced('{namespaces: [a]}'), `${first}: at least one resourceFilter must be specified`],
    [
      namespaced('{namespaces: ["a**"], resourceFilters: [{}]}'),
      `${first}.namespaces[0]: wildcard pattern contains consecutive asterisks (only single * allowed)`,
    ],
    [
      namespaced('{namespaces: [ok, "a{b}"], resourceFilters: [{}]}'),
      `${first}.namespaces[1]: wildcard pattern contains unsupported characters: |, (, ), !, {, }, ,`,
    ],
    [
      namespaced('{namespaces: ["a["], resourceFilters: [{}]}'),
      `${first}.namespaces[0]: wildcard pattern contains unclosed bracket '['`,
    ],
    [
      namespaced('{namespaces: ["a]"], resourceFilters: [{}]}'),
      `${first}.namespaces[0]: wildcard pattern contains unmatched closing bracket ']'`,
    ],
    [
      namespaced('{namespaces: ["a[]"], resourceFilters: [{}]}'),
      `${first}.namespaces[0]: wildcard pattern contains empty bracket pattern '[]'`,
    ],
    [
      filters('{kinds: ["*"], names: [a]}'),
      `${first}.resourceFilters[0]: names or excludedNames cannot be specified for catch-all filters`,
    ],
    [filters('{}', '{kinds: ["*"]}'), `${first}: only one catch-all resource filter is allowed`],
    [filters('{kinds: [x, x]}'), `${first}: kind "x" appears in both resourceFilters[0] and resourceFilters[0]`],
    [
      filters('{kinds: [x], labelSelector: {matchLabels: {a: b}}, orLabelSelectors: [{}]}'),
      `${first}.resourceFilters[0]: labelSelector and orLabelSelectors cannot co-exist`,
    ],
    [
      filters('{kinds: [x], labelSelector: {matchExpressions: [{key: a, operator: Bad}]}}'),
      `${first}.resourceFilters[0]: invalid label selector: "Bad" is not a valid label selector operator`,
    ],
    [
      filters('{kinds: [x], orLabelSelectors: [{}, {matchExpressions: [{key: a, operator: Bad}]}]}'),
      `${first}.resourceFilters[0].orLabelSelectors[1]: invalid label selector: "Bad" is not a valid label selector operator`,
    ],
    [
      filters('{kinds: [x], excludedNames: [ok, "[a"]}'),
      `${first}.resourceFilters[0].excludedNames[1]: invalid glob pattern "[a": unexpected end of input`,
    ],
    [
      namespaced('{namespaces: [a], resourceFilters: [{}]}', '{namespaces: [b, a], resourceFilters: [{}]}'),
      `namespacedFilterPolicies: duplicate namespace pattern 'a' found in policies [0 1]`,
    ],
  ])('%j for what it says', (text, error) => {
    expect(parse(text)).toEqual({ during: 'validate', error })
  })

  test.each([
    ['', 'the text is empty'],
    ['# nothing', 'the text is empty'],
    ['a: b: c', 'line 1: Nested mappings are not allowed in compact mappings'],
    ['version: v1\nversion: v1', 'line 2: Map keys must be unique'],
    ['Version: v1', 'unknown field Version'],
    [
      namespaced('{namespaces: abc, foo: 1}'),
      'namespacedFilterPolicies[0].namespaces: expected a list, found text, unknown field namespacedFilterPolicies[0].foo',
    ],
  ])('%j for how it says it', (text, error) => {
    expect(parse(text)).toEqual({
      during: 'read',
      error: `failed to decode yaml data into resource policies  ${error}`,
    })
  })
})

test.each([
  ['version: v1', { namespaced: [] }],
  ['version: v1\nclusterScopedFilterPolicy: null\nincludeExcludePolicy: ~\nvolumePolicies: []', { namespaced: [] }],
  [
    filters('{kinds: [x], labelSelector: {}, orLabelSelectors: [null]}'),
    {
      namespaced: [
        {
          namespaces: ['a'],
          resourceFilters: [{ kinds: ['x'], labelSelector: {}, orLabelSelectors: [{}], names: [], excludedNames: [] }],
        },
      ],
    },
  ],
])('%j is fine', (text, policies) => {
  expect(parse(text)).toEqual({ policies })
})

it('refuses an expression of a selector without a key or an operator, and does not throw', () => {
  const faultOf = (expression: string) =>
    parse(filters(`{kinds: [pods], labelSelector: {matchExpressions: [${expression}]}}`))
  expect(faultOf('{operator: Exists}')).toMatchObject({
    during: 'validate',
    error: expect.stringContaining('key: Invalid value: ""'),
  })
  expect(faultOf('{key: a}')).toMatchObject({
    during: 'validate',
    error: expect.stringContaining('"" is not a valid label selector operator'),
  })
})
