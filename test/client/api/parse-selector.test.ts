import { describe, expect, it } from 'vitest'
import { parseSelector } from '../../../client/api/parse-selector.ts'

describe('a label selector', () => {
  it.each([
    ['app=web', { matchLabels: { app: 'web' } }],
    ['app==web', { matchLabels: { app: 'web' } }],
    ['app = web', { matchLabels: { app: 'web' } }],
    ['app=', { matchLabels: { app: '' } }],
    ['a=b,example.com/c=d', { matchLabels: { a: 'b', 'example.com/c': 'd' } }],
    ['app!=web', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }],
    ['app', { matchExpressions: [{ key: 'app', operator: 'Exists' }] }],
    ['!app', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }],
    [
      'app notin (a, b),c=d',
      {
        matchLabels: { c: 'd' },
        matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['a', 'b'] }],
      },
    ],
  ])('reads %s', (text, selector) => {
    expect(parseSelector(text)).toEqual(selector)
  })

  it.each(['', ',', 'a=b=c', 'a b', '-a=b', 'a in b', 'a>1', `a=${'x'.repeat(64)}`])('refuses "%s"', (text) => {
    expect(() => parseSelector(text)).toThrow()
  })
})
