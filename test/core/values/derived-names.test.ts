import * as fc from 'fast-check'
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { companionHash, companionName, validLabelValue } from '../../../core/values/derived-names.ts'

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

test.each(['', 'a', 'UPPER_and.dots', 'x'.repeat(63)])('%j fits and stays', (name) => {
  expect(validLabelValue(name)).toBe(name)
})

test('a longer name keeps 57 characters and ends in six of its hash', () => {
  const name = 'x'.repeat(64)
  const hash = createHash('sha256').update(name).digest('hex')
  expect(validLabelValue(name)).toBe(`${'x'.repeat(57)}${hash.slice(0, 6)}`)
})

test('two long names with the same beginning stay two', () => {
  const [one, other] = ['a', 'b'].map((end) => validLabelValue('x'.repeat(80) + end))
  expect(one).toHaveLength(63)
  expect(one).not.toBe(other)
})

test('the operation of a data download is named as Velero was seen to name it', () => {
  const id = validLabelValue('dd-11111111-2222-3333-4444-555555555555.aaaaaaaa-1111-2222-3333-444444444444')
  expect(id).toMatch(/^dd-11111111-2222-3333-4444-555555555555\.aaaaaaaa-1111-222[0-9a-f]{6}$/)
})
