import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { compileGlob } from '../../../core/filter/glob.ts'

function match(pattern: string, text: string, separators = ''): boolean {
  const glob = compileGlob(pattern, separators)
  if ('error' in glob) throw new Error(glob.error)
  return glob.matches(text)
}

describe('compileGlob without separators', () => {
  test.each<[string, string[], string[]]>([
    ['', [''], ['a']],
    ['app', ['app'], ['apps', 'a', 'App']],
    ['*', ['', 'app', 'a/b', '.hidden'], []],
    ['**', ['', 'a.b.c'], []],
    ['***', ['', 'abc'], []],
    ['app-*', ['app-', 'app-1', 'app-a.b'], ['app', 'my-app-1']],
    ['*-prod', ['a-prod', '-prod'], ['a-prod-b']],
    ['ns?', ['ns1', 'ns.'], ['ns', 'ns12']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'abx', 'x']],
    ['[abc]x', ['ax', 'bx'], ['-x', 'dx']],
    ['[a-c]', ['b'], ['-']],
    ['[!a-c]x', ['dx', '!x'], ['ax', 'x']],
    ['[!ab]', ['c', '!'], ['a', '']],
    ['[ab-c]', ['a', 'b', '-', 'c'], ['d']],
    ['{a,b}-x', ['a-x', 'b-x'], ['c-x', 'a,b-x', '-x']],
    ['{a,}x', ['ax', 'x'], ['bx']],
    ['{}x', ['x'], ['{}x']],
    ['{a,{b,c}d}', ['a', 'bd', 'cd'], ['b', 'ad']],
    ['{app-*,db?}', ['app-1', 'db1'], ['db', 'app']],
    ['{a,b', ['a', 'b'], ['{a,b', 'c']],
    ['a}b', ['a}b'], ['ab']],
    ['a,b', ['a,b'], ['a', 'b']],
    ['a]', ['a]'], ['a']],
    [String.raw`\*`, ['*'], ['a', String.raw`\*`]],
    [String.raw`a\[b\]`, ['a[b]'], ['ab']],
    [String.raw`{a\,b,c}`, ['a,b', 'c'], ['a', 'b']],
    [String.raw`[\]a]`, [']', 'a'], ['\\']],
    [String.raw`a\ `.trimEnd(), ['a'], ['a\\']],
    ['a.b', ['a.b'], ['axb']],
    ['a+(b)|^$', ['a+(b)|^$'], ['a']],
    ['é?', ['é😀'], ['é']],
  ])('%s', (pattern, matching, others) => {
    expect(matching.filter((text) => !match(pattern, text))).toEqual([])
    expect(others.filter((text) => match(pattern, text))).toEqual([])
  })
})

describe('compileGlob with the separator of group-resources', () => {
  test.each<[string, string[], string[]]>([
    ['*', ['pods'], ['deployments.apps']],
    ['*.*', ['deployments.apps'], ['pods', 'ingresses.networking.k8s.io']],
    ['**', ['pods', 'ingresses.networking.k8s.io'], []],
    ['deploy*', ['deployments'], ['deployments.apps']],
    ['deployments.apps', ['deployments.apps'], ['deployments.apps.k8s.io']],
    ['*.apps', ['deployments.apps'], ['a.b.apps']],
    ['pod?', ['pods'], ['pod.']],
    ['pods[.]x', ['pods.x'], []],
    ['{pods,*.apps}', ['pods', 'replicasets.apps'], ['services', 'a.b.apps']],
  ])('%s', (pattern, matching, others) => {
    expect(matching.filter((text) => !match(pattern, text, '.'))).toEqual([])
    expect(others.filter((text) => match(pattern, text, '.'))).toEqual([])
  })
})

test.each([
  ['[', 'unexpected end of input'],
  ['a[bc', 'unexpected end of input'],
  ['[a-]', 'unexpected end of input'],
  ['[a-z', 'unexpected end of input'],
  ['[a-zA-Z]', 'expected close range character'],
  ['[z-a]', "hi character 'a' should be greater than lo 'z'"],
  ['[]', 'could not parse range'],
  ['[!]', 'could not parse range'],
  ['[]a]', 'could not parse range'],
])('%s does not compile', (pattern, error) => {
  expect(compileGlob(pattern)).toEqual({ error })
})

it('never throws, whatever the pattern', () => {
  const pattern = fc.string({
    unit: fc.constantFrom('*', '?', '[', ']', '{', '}', ',', '!', '-', '\\', 'a', '.', '+', '('),
  })
  fc.assert(
    fc.property(pattern, fc.string(), (source, text) => {
      const glob = compileGlob(source, '.')
      if (!('error' in glob)) glob.matches(text)
    }),
  )
})
