import { describe, expect, it, test } from 'vitest'
import { makeIncludesExcludes, makeResourceIncludesExcludes } from '../../../core/filter/includes-excludes.ts'

const known: Record<string, string> = { po: 'pods', pods: 'pods', 'deployments.ap': 'deployments.apps' }
const resolve = (name: string): string | undefined => known[name]

describe('shouldInclude', () => {
  test.each<[string, string[] | null, string[] | null, string, boolean]>([
    ['no lists include everything', null, null, 'shop', true],
    ['empty lists include everything', [], [], 'shop', true],
    ['a star includes everything', ['*'], [], 'shop', true],
    ['a star beside other names includes everything', ['bank', '*'], [], 'shop', true],
    ['a listed name is included', ['shop'], [], 'shop', true],
    ['an unlisted name is not', ['shop'], [], 'bank', false],
    ['an excluded name is not', [], ['shop'], 'shop', false],
    ['an exclude beats an include', ['shop'], ['shop'], 'shop', false],
    ['an exclude beats a star', ['*'], ['shop'], 'shop', false],
    ['includes are globs', ['dem*'], [], 'demo', true],
    ['excludes are globs', [], ['dem*'], 'demo', false],
    ['a star among the excludes excludes everything', [], ['*'], 'shop', false],
    ['dots are no separators', ['*.apps'], [], 'a.b.apps', true],
    ['an include that does not compile matches nothing', ['[a-zA-Z]'], [], 'a', false],
    ['an exclude that does not compile excludes nothing', [], ['[a-zA-Z]'], 'a', true],
    ['a name before a broken pattern still matches', ['Shop', '[', 'bank'], [], 'Shop', true],
    ['a name after a broken pattern does not', ['Shop', '[', 'bank'], [], 'bank', false],
  ])('%s', (_, includes, excludes, name, included) => {
    expect(makeIncludesExcludes({ includes, excludes }).shouldInclude(name)).toBe(included)
  })
})

test.each<[string[], string[], boolean]>([
  [[], [], true],
  [['*'], [], true],
  [['*', '*'], [], true],
  [['*', 'shop'], [], false],
  [['shop'], [], false],
  [['**'], [], false],
  [[], ['shop'], false],
  [['*'], ['shop'], false],
])('includes %j with excludes %j include everything: %s', (includes, excludes, everything) => {
  expect(makeIncludesExcludes({ includes, excludes }).includeEverything()).toBe(everything)
})

describe('makeResourceIncludesExcludes', () => {
  it('resolves short names and group prefixes', () => {
    const filter = makeResourceIncludesExcludes({ includes: ['po', 'deployments.ap'] }, resolve)
    expect(['pods', 'deployments.apps', 'po', 'services'].map(filter.shouldInclude)).toEqual([true, true, false, false])
  })

  it('keeps a name that the cluster does not know, so that the list does not become empty', () => {
    const filter = makeResourceIncludesExcludes({ includes: ['widgets.ex.io'] }, resolve)
    expect(['widgets.ex.io', 'pods'].map(filter.shouldInclude)).toEqual([true, false])
  })

  it('ignores a star among the excludes', () => {
    const filter = makeResourceIncludesExcludes({ excludes: ['*', 'po'] }, resolve)
    expect(['pods', 'services'].map(filter.shouldInclude)).toEqual([false, true])
  })

  it('keeps a star among the includes', () => {
    expect(makeResourceIncludesExcludes({ includes: ['*'] }, () => 'never').includeEverything()).toBe(true)
  })
})
