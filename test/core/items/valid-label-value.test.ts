import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { validLabelValue } from '../../../core/values/derived-names.ts'

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
