import { describe, expect, it } from 'vitest'
import { itemKey, listedName, parseItemKey, scopeOf } from '../../../core/items/outcome.ts'

describe('names of items', () => {
  it('have a key that can be read back, colons and dots in names included', () => {
    const item = { groupResource: 'clusterroles.rbac.authorization.k8s.io', name: 'system:node|x' }
    expect(parseItemKey(itemKey(item))).toEqual(item)
    expect(parseItemKey(itemKey({ ...item, namespace: 'shop' }))).toEqual({ ...item, namespace: 'shop' })
    expect(parseItemKey('finalize/patch-volumes')).toBeUndefined()
  })

  it('stand under their namespace, or the cluster', () => {
    expect([scopeOf('shop'), scopeOf(''), scopeOf(undefined)]).toEqual(['namespace:shop', 'cluster', 'cluster'])
    expect([listedName('shop', 'a'), listedName(undefined, 'a')]).toEqual(['shop/a', 'a'])
  })
})
