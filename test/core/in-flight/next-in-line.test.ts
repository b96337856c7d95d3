import { expect, it } from 'vitest'
import { nextInLine } from '../../../core/in-flight/items-in-flight.ts'

it.each([
  { waiting: [], held: {}, next: undefined },
  { waiting: ['large'], held: { large: 32 }, next: 'large' },
  { waiting: ['large', 'small'], held: { large: 32 }, next: 'small' },
  { waiting: ['large', 'small'], held: { large: 3, small: 4 }, next: 'large' },
  { waiting: ['b', 'a'], held: { a: 2, b: 2 }, next: 'b' },
])('of $waiting, with $held, the next place is for $next', ({ waiting, held, next }) => {
  expect(nextInLine(waiting, new Map(Object.entries(held)))).toBe(next)
})
