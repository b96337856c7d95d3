import { expect, test } from 'vitest'
import { targetNamespace } from '../../../core/filter/namespace-mapping.ts'

test.each([
  [undefined, 'shop', 'shop'],
  [{}, 'shop', 'shop'],
  [{ shop: 'shop-2' }, 'shop', 'shop-2'],
  [{ shop: 'shop-2' }, 'shop-2', 'shop-2'],
  [{ 'sh*': 'x' }, 'shop', 'shop'],
  [{}, 'constructor', 'constructor'],
])('mapping %j takes %s to %s', (mapping, source, target) => {
  expect(targetNamespace(mapping, source)).toBe(target)
})
