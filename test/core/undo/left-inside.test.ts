import { describe, expect, it } from 'vitest'
import { leftInside, whyItStays } from '../../../core/undo/left-inside.ts'
import type { Inside } from '../../../core/undo/left-inside.ts'

const at = (resource: string, name: string, metadata: object = {}, group = ''): Inside => ({
  group,
  resource,
  manifest: { metadata: { name, namespace: 'shop', uid: `uid-${name}`, ...metadata } },
})

const ownedBy = (uid: string) => ({ ownerReferences: [{ apiVersion: 'v1', kind: 'K', name: 'n', uid }] })

describe('what is left in a namespace', () => {
  it('is what nobody takes away', () => {
    expect(leftInside([at('configmaps', 'theirs'), at('configmaps', 'ours')], new Set(['uid-ours']))).toEqual([
      'configmaps shop/theirs',
    ])
  })

  it('is not what the cluster makes on its own, nor what is on its way out', () => {
    const found = [
      at('serviceaccounts', 'default'),
      at('configmaps', 'kube-root-ca.crt'),
      at('events', 'e', {}, 'events.k8s.io'),
      at('endpointslices', 's', {}, 'discovery.k8s.io'),
      at('pods', 'p', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    ]
    expect(leftInside(found, new Set())).toEqual([])
  })

  it('is not what belongs to a deleted object, over any number of owners', () => {
    const found = [at('pods', 'pod', ownedBy('uid-set')), at('replicasets', 'set', ownedBy('uid-web'), 'apps')]
    expect(leftInside(found, new Set(['uid-web']))).toEqual([])
    expect(leftInside(found, new Set())).toEqual(['pods shop/pod', 'replicasets.apps shop/set'])
  })

  it('is told with three names', () => {
    expect(whyItStays([])).toBeUndefined()
    expect(whyItStays(['a', 'b', 'c', 'd', 'e'])).toBe('what the restore did not create is left: a, b, c and 2 more')
  })
})
