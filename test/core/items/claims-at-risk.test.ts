import { describe, expect, it } from 'vitest'
import { whyClaimsWouldGo } from '../../../core/items/decide-existing.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const make = (kind: string, name: string, owner?: string): Manifest => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    namespace: 'shop',
    name,
    uid: `uid-of-${name}`,
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'v1', kind: 'Any', name: owner, uid: `uid-of-${owner}` }] }),
  },
})
const claimOf = (owner: string, name = `data-${owner}`) => make('PersistentVolumeClaim', name, owner)

describe('the claims that would go with an object', () => {
  it('are those that it owns itself, as with a database operator', () => {
    const why = whyClaimsWouldGo(make('Cluster', 'db'), { claims: [claimOf('other'), claimOf('db')], statefulSets: [] })
    expect(why).toBe('it owns the claims data-db, which would go with it, and their data')
  })

  it('are those of a StatefulSet that it owns', () => {
    const sets = [make('StatefulSet', 'db-0', 'db'), make('StatefulSet', 'other-0', 'other')]
    const claims = [claimOf('db-0'), claimOf('other-0')]
    expect(whyClaimsWouldGo(make('Database', 'db'), { claims, statefulSets: sets })).toMatch(/the claims data-db-0,/)
  })

  it.each([
    ['Delete', /whenDeleted is Delete/],
    ['Retain', undefined],
  ])('are those of a StatefulSet that are to be deleted with it, by its spec: %s', (whenDeleted, sentence) => {
    const spec = { persistentVolumeClaimRetentionPolicy: { whenDeleted } }
    const why = whyClaimsWouldGo({ ...make('StatefulSet', 'db'), spec }, { claims: [], statefulSets: [] })
    if (sentence === undefined) expect(why).toBeUndefined()
    else expect(why).toMatch(sentence)
  })

  it('are named up to a few', () => {
    const claims = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => claimOf('db', name))
    expect(whyClaimsWouldGo(make('Cluster', 'db'), { claims, statefulSets: [] })).toMatch(/a, b, c, d, e and 2 more,/)
  })

  it('are none where claims have other owners', () => {
    expect(whyClaimsWouldGo(make('Cluster', 'db'), { claims: [claimOf('x')], statefulSets: [] })).toBeUndefined()
  })
})
