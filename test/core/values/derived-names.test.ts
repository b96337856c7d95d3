import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { companionHash, companionName } from '../../../core/values/derived-names.ts'

const identity = { restoreUid: 'u', item: 'pods/shop/web', purpose: 'data-download' }

test('the name repeats for the same restore, item and purpose', () => {
  expect(companionName('nightly', { ...identity })).toBe(companionName('nightly', identity))
  expect(companionName('nightly', identity)).toMatch(/^nightly-[0-9a-f]{12}$/)
})

test.each([
  { ...identity, restoreUid: 'v' },
  { ...identity, item: 'pods/shop/web2' },
  { ...identity, purpose: 'other' },
])('the name differs for %j', (other) => {
  expect(companionName('nightly', other)).not.toBe(companionName('nightly', identity))
})

test('parts of the identity do not run into each other', () => {
  expect(companionHash({ restoreUid: 'a', item: 'b', purpose: 'c' })).not.toBe(
    companionHash({ restoreUid: 'ab', item: '', purpose: 'c' }),
  )
})

test('the name is a DNS label whatever the prefix', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Za-z.-]{0,80}$/)), (prefix) => {
      const name = companionName(prefix, identity)
      expect(name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)
      expect(name.length).toBeLessThanOrEqual(63)
    }),
  )
})
