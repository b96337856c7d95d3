import { describe, expect, it } from 'vitest'
import { decidePutBack, judgeClaim } from '../../../core/volumes/in-place.ts'
import type { ClaimInPlace, PutBackFacts } from '../../../core/volumes/in-place.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from '../items/builders.ts'

const note: ClaimInPlace = {
  claim: anObject('PersistentVolumeClaim', 'data', { namespace: 'shop' }, { spec: { volumeName: 'pv' } }),
  claimUid: 'old',
  volume: { name: 'pv', uid: 'v', reclaimPolicy: 'Delete' },
  at: '2026-01-02T03:04:00Z',
}
const claim = (phase: string, volumeName?: string, more: object = {}): Manifest =>
  anObject(
    'PersistentVolumeClaim',
    'data',
    { namespace: 'shop', uid: 'new', ...more },
    { spec: volumeName === undefined ? {} : { volumeName }, status: { phase } },
  )
const volume = (holder: object | undefined, policy = 'Retain', owner: string | null = 'r,Delete'): Manifest =>
  anObject(
    'PersistentVolume',
    'pv',
    { uid: 'v', resourceVersion: '7', ...(owner !== null && { annotations: { 'drydock.io/in-place': owner } }) },
    { spec: { persistentVolumeReclaimPolicy: policy, claimRef: holder } },
  )
const its = (uid?: string) => ({ namespace: 'shop', name: 'data', uid })
const others = { namespace: 'velero', name: 'r-1', uid: 'x' }
const keeps = (why: string) => ({
  do: 'keep',
  problem: `PV pv keeps the reclaim policy Retain: ${why}. Once its PVC is bound to it, set the policy Delete again`,
})

describe('at the end, a claim that made way', () => {
  it.each<[string, Partial<PutBackFacts>, object]>([
    ['has no volume any more', {}, { do: 'wait', because: 'PV pv to be there' }],
    ['is away', { volume: volume(its('old')) }, { do: 'create' }],
    ['is away, while the data mover has the volume', { volume: volume(others) }, { do: 'wait' }],
    [
      'is on its way out',
      { claim: claim('Bound', 'pv', { deletionTimestamp: 'x' }), volume: volume(its('new')) },
      { do: 'wait' },
    ],
    ['is bound', { claim: claim('Bound', 'pv'), volume: volume(its('new'), 'Delete', null) }, { do: 'leave' }],
    [
      'is away, and was never taken away or is put back',
      { volume: volume(its('old'), 'Retain', null) },
      { do: 'leave' },
    ],
    ['was taken away by another restore', { volume: volume(its('old'), 'Retain', 'other,Delete') }, { do: 'leave' }],
    [
      'is bound, and another restore is about to take it away',
      { claim: claim('Bound', 'pv'), volume: volume(its('new'), 'Retain', 'other,Delete') },
      { do: 'leave' },
    ],
    [
      'is bound, and its volume has the policy Retain still',
      { claim: claim('Bound', 'pv'), volume: volume(its('new')) },
      {
        do: 'patch',
        patch: {
          metadata: { uid: 'v', resourceVersion: '7', annotations: { 'drydock.io/in-place': null } },
          spec: { persistentVolumeReclaimPolicy: 'Delete' },
        },
      },
    ],
    [
      'is bound to another volume',
      { claim: claim('Bound', 'other'), volume: volume(its('old')) },
      keeps('PVC shop/data is bound to PV other'),
    ],
    [
      'is back, and its volume is still that of the one before',
      { claim: claim('Pending', 'pv'), volume: volume(its('old')) },
      { do: 'patch', patch: { spec: { claimRef: { uid: null, resourceVersion: null } } } },
    ],
    ['is about to be bound', { claim: claim('Pending', 'pv'), volume: volume(its()) }, { do: 'wait' }],
    ['is filled', { claim: claim('Pending'), volume: volume(others), isFilled: true }, { do: 'wait' }],
    [
      'is not filled',
      { claim: claim('Pending'), volume: volume(others) },
      keeps('its data was not restored, and PVC shop/data waits for it'),
    ],
    [
      'is not bound in time',
      { claim: claim('Pending', 'pv'), volume: volume(its()), isOver: true },
      keeps('PVC shop/data is not bound to it'),
    ],
  ])('%s', (_when, facts, step) => {
    const known = { uid: 'r', note, claim: undefined, volume: undefined, isFilled: false, isOver: false, ...facts }
    expect(decidePutBack(known)).toMatchObject(step)
  })
})

describe('before, a claim', () => {
  const bound = claim('Bound', 'pv', {
    annotations: { 'pv.kubernetes.io/bind-completed': 'yes', mine: 'x' },
    finalizers: ['f'],
  })
  const standing = {
    live: bound,
    volume: volume(its('new'), 'Delete', null),
    pods: [],
    originalVolume: 'pv',
    at: 'now',
  }

  it('is noted as it was, so that it can be created again', () => {
    const judged = judgeClaim(standing)
    expect(judged).toMatchObject({
      note: { claimUid: 'new', volume: { name: 'pv', uid: 'v', reclaimPolicy: 'Delete' } },
    })
    expect('note' in judged && judged.note.claim.metadata).toEqual({
      name: 'data',
      namespace: 'shop',
      annotations: { mine: 'x' },
    })
  })

  it('is noted with the policy that its volume had before an earlier restore wrote Retain', () => {
    const policyOf = (owner: string | null) => judgeClaim({ ...standing, volume: volume(its('new'), 'Retain', owner) })
    expect(policyOf('other,Delete')).toMatchObject({ note: { volume: { reclaimPolicy: 'Delete' } } })
    expect(policyOf(null)).toMatchObject({ note: { volume: { reclaimPolicy: 'Retain' } } })
  })

  it.each([
    ['is not bound', { live: claim('Pending', 'pv') }, 'is not bound'],
    ['has a volume that another holds', { volume: volume(others) }, 'is not bound'],
    ['has lost its volume', { volume: undefined }, 'Fail to get PV pv: persistentvolumes "pv" not found'],
    ['is being deleted', { live: claim('Bound', 'pv', { deletionTimestamp: 'x' }) }, 'is being deleted'],
    ['has another volume', { originalVolume: 'first' }, 'is bound to PV pv, not to the original PV first'],
  ])('%s', (_when, change, problem) => {
    expect(judgeClaim({ ...standing, ...change })).toEqual({ problem: expect.stringContaining(problem) })
  })
})
