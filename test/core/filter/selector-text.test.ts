import { describe, expect, it } from 'vitest'
import { compileLabelSelector } from '../../../core/filter/label-selector.ts'
import { parseSelectorText } from '../../../core/filter/selector-text.ts'

function selects(text: string, labels: Record<string, string>): boolean {
  const selector = parseSelectorText(text)
  if ('error' in selector) throw new Error(selector.error)
  const compiled = compileLabelSelector(selector)
  if ('error' in compiled) throw new Error(compiled.error)
  return compiled.matches(labels)
}

describe('a label selector as text', () => {
  it.each([
    ['', {}, true],
    ['app', { app: 'x' }, true],
    ['app', {}, false],
    ['!app', {}, true],
    ['app=web', { app: 'web' }, true],
    ['app == web', { app: 'web' }, true],
    ['app=', { app: '' }, true],
    ['app!=web', {}, true],
    ['app!=web', { app: 'web' }, false],
    ['tier in (a, b),app', { tier: 'b', app: '' }, true],
    ['tier in (a, b),app', { tier: 'b' }, false],
    ['tier notin (a)', { tier: 'a' }, false],
  ] as [string, Record<string, string>, boolean][])('%s of %j: %s', (text, labels, matches) => {
    expect(selects(text, labels)).toBe(matches)
  })

  it.each(['a,', 'a b', 'a in b', 'a>1', '=x'])('is an error: %s', (text) => {
    expect(parseSelectorText(text)).toHaveProperty('error')
  })
})
