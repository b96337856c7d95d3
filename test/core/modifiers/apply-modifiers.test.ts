import { expect, it, test } from 'vitest'
import { applyModifiers } from '../../../core/modifiers/apply-modifiers.ts'
import type { ModifierRule, ResourceModifiers } from '../../../core/modifiers/parse-modifiers.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const big = (JSON as any).rawJSON('9007199254740993')

function modifiersOf(...rules: Partial<Omit<ModifierRule, 'conditions'>>[]): ResourceModifiers {
  const conditions = { groupResource: '**', resourceNameRegex: '', namespaces: [], matches: [] }
  return {
    version: 'v1',
    rules: rules.map((rule) => ({ conditions, patches: [], mergePatches: [], strategicPatches: [], ...rule })),
  }
}

function aPod(fields: object = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, ...fields }
}

function add(path: string, value: string) {
  return { operation: 'add', path, from: '', value }
}

it('carries an integer beyond 2^53 through every kind of patch', () => {
  const modifiers = modifiersOf(
    {
      patches: [
        add('/spec/json', '9007199254740993'),
        { operation: 'copy', path: '/spec/copied', from: '/spec/big', value: '' },
      ],
    },
    { mergePatches: ['spec: {merged: 9007199254740993}'] },
    { strategicPatches: ['spec: {strategic: 9007199254740993}'] },
  )
  const { item, errors } = applyModifiers({ item: aPod({ spec: { big } }), groupResource: 'pods', modifiers })
  expect(errors).toEqual([])
  expect(JSON.stringify(item['spec'])).toBe(
    '{"big":9007199254740993,"json":9007199254740993,"copied":9007199254740993,"merged":9007199254740993,"strategic":9007199254740993}',
  )
})

it('tests an integer beyond 2^53 by its digits', () => {
  const test = (value: string) => ({ operation: 'test', path: '/spec/big', from: '', value })
  const modifiers = modifiersOf(
    { patches: [test('9007199254740993'), add('/spec/same', 'yes')] },
    { patches: [test('9007199254740992'), add('/spec/other', 'yes')] },
  )
  const { item } = applyModifiers({ item: aPod({ spec: { big } }), groupResource: 'pods', modifiers })
  expect(Object.keys(item['spec'] as object)).toEqual(['big', 'same'])
})

it('gives a namespaced rule no say over cluster-scoped items', () => {
  const modifiers = modifiersOf({ patches: [add('/spec', '{}')] })
  const rule = modifiers.rules[0]!
  const only: ResourceModifiers = {
    ...modifiers,
    rules: [{ ...rule, conditions: { ...rule.conditions, namespaces: ['shop'] } }],
  }
  expect(applyModifiers({ item: aPod(), groupResource: 'pods', modifiers: only }).item['spec']).toEqual({})
})

it('keeps a field called __proto__ a field', () => {
  const modifiers = modifiersOf({ patches: [add('/metadata/labels/__proto__', 'x')] })
  const item = aPod({ metadata: { name: 'p', labels: {} } })
  expect(JSON.stringify(applyModifiers({ item, groupResource: 'pods', modifiers }).item.metadata.labels)).toBe(
    '{"__proto__":"x"}',
  )
})

test.each([
  ['ex.io/v1', 'Widget'],
  ['v1', 'Foo'],
  ['networking.k8s.io/v1', 'Ingress'],
])("a strategic patch of %s %s names the kind that Velero's scheme lacks", (apiVersion, kind) => {
  const modifiers = modifiersOf({ strategicPatches: ['{}'] })
  const item = { ...aPod(), apiVersion, kind }
  expect(applyModifiers({ item, groupResource: 'x', modifiers })).toEqual({
    item,
    errors: [
      `error in applying patch no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/cmd/server/server.go:234"`,
    ],
  })
})
