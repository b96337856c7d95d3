import { describe, expect, it } from 'vitest'
import { firstNames } from '../../../core/values/first-names.ts'

describe('names in a sentence', () => {
  it.each([
    [['a'], 'a'],
    [['a', 'b', 'c', 'd', 'e'], 'a, b, c, d, e'],
    [['a', 'b', 'c', 'd', 'e', 'f', 'g'], 'a, b, c, d, e and 2 more'],
  ])('are the first five, and how many more there are: %s', (names, sentence) => {
    expect(firstNames(names)).toBe(sentence)
  })
})
