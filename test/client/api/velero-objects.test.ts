import { describe, expect, it } from 'vitest'
import { nearestNames, notFoundError } from '../../../client/api/velero-objects.ts'

describe('the nearest names', () => {
  it.each([
    ['shpo', ['shop', 'full', 'bulk5k'], ['shop']],
    ['bulk', ['bulk5k', 'shop'], ['bulk5k']],
    ['shop-1', ['shop-2', 'shop-1a', 'other'], ['shop-1a', 'shop-2']],
    ['zzzzzz', ['shop', 'full'], []],
    ['a', [], []],
  ])('to %s among %j are %j', (wanted, names, nearest) => {
    expect(nearestNames(wanted, names)).toEqual(nearest)
  })

  it('stand in the error about a name that is not there', () => {
    const error = notFoundError('backup', 'shpo', { namespace: 'velero', names: ['shop', 'full'] })
    expect(error.message).toBe('No such backup "shpo" in namespace velero; did you mean "shop"?')
    expect(error.exitCode).toBe(6)
  })
})
