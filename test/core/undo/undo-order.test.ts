import { expect, it } from 'vitest'
import { undoOrder } from '../../../core/undo/undo-order.ts'

it('an undo begins with the custom objects, while their operator stands, and goes backwards', () => {
  const custom = { custom: true }
  expect(undoOrder([{}, custom, {}, custom, {}])).toEqual({ order: [3, 1, 4, 2, 0], customCount: 2 })
  expect(undoOrder([{}, {}])).toEqual({ order: [1, 0], customCount: 0 })
})
