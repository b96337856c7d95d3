import { describe, expect, it } from 'vitest'
import { decideVolumePatch, usesClaim } from '../../../core/finalize/decide-volume-patch.ts'
import type { VolumePatchFacts } from '../../../core/finalize/decide-volume-patch.ts'

const claim = (phase: string, spec: object = {}, uid = 'c1') => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'shop', uid },
  spec: { storageClassName: 'fast', ...spec },
  status: { phase },
})
const volume = (
  more: { labels?: Record<string, string>; policy?: string; claimRef?: object; phase?: string } = {},
) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv', uid: 'v1', resourceVersion: '7', labels: more.labels ?? { zone: 'z1' } },
  spec: {
    persistentVolumeReclaimPolicy: more.policy ?? 'Delete',
    claimRef: more.claimRef ?? { namespace: 'shop', name: 'data' },
  },
  status: { phase: more.phase ?? 'Bound' },
})
const storageClass = (volumeBindingMode?: string) => ({
  apiVersion: 'v1',
  kind: 'StorageClass',
  metadata: { name: 'fast' },
  volumeBindingMode,
})
const sight = (more: Partial<VolumePatchFacts> = {}): VolumePatchFacts => ({
  info: { pvcName: 'data', pvInfo: { reclaimPolicy: 'Retain', labels: { tier: 'gold' } } },
  claim: { namespace: 'shop', name: 'data', uid: 'c1' },
  live: claim('Bound', { volumeName: 'pv' }),
  storageClass: storageClass('Immediate'),
  volume: volume(),
  hasConsumer: false,
  isolated: false,
  isOver: false,
  ...more,
})

describe('the patch of a volume that was provisioned anew', () => {
  it('sets policy and labels of the backup, on the very volume that was seen, and names no other label', () => {
    expect(decideVolumePatch(sight())).toEqual({
      do: 'patch',
      patch: {
        metadata: { uid: 'v1', resourceVersion: '7', labels: { tier: 'gold' } },
        spec: { persistentVolumeReclaimPolicy: 'Retain' },
      },
    })
  })

  it('leaves the policy as it is where the restore is isolated', () => {
    expect(decideVolumePatch(sight({ isolated: true }))).toEqual({
      do: 'patch',
      patch: { metadata: { uid: 'v1', resourceVersion: '7', labels: { tier: 'gold' } } },
    })
  })

  it('writes nothing where all is as wanted', () => {
    expect(
      decideVolumePatch(sight({ volume: volume({ labels: { tier: 'gold', zone: 'z1' }, policy: 'Retain' }) })),
    ).toEqual({ do: 'leave' })
  })

  it.each([
    ['a claim that is not there', { live: undefined }],
    ['a claim that is not bound', { live: claim('Pending') }],
    ['a claim without storage class', { live: claim('Pending', { storageClassName: undefined }) }],
    ['a volume that is not there', { volume: undefined }],
    ['a volume that is not bound', { volume: volume({ phase: 'Available' }) }],
  ])('waits for %s until the deadline, then says so in Velero’s words', (_, more) => {
    expect(decideVolumePatch(sight(more))).toMatchObject({ do: 'wait' })
    expect(decideVolumePatch(sight({ ...more, isOver: true }))).toEqual({
      do: 'fail',
      problem: 'context deadline exceeded',
    })
  })

  it('leaves a claim alone that is another one of the same name', () => {
    expect(decideVolumePatch(sight({ live: claim('Bound', {}, 'other') }))).toEqual({ do: 'leave' })
  })

  it('refuses a volume that belongs to another claim', () => {
    expect(decideVolumePatch(sight({ volume: volume({ claimRef: { namespace: 'x', name: 'y' } }) }))).toEqual({
      do: 'fail',
      problem: 'PV was bound by unexpected PVC, unexpected PVC: x/y, expected PVC: shop/data',
    })
  })

  it('names a storage class that is missing', () => {
    expect(decideVolumePatch(sight({ live: claim('Pending'), storageClass: undefined }))).toEqual({
      do: 'fail',
      problem: 'storageclasses.storage.k8s.io "fast" not found',
    })
  })

  it('waits for the first consumer only where there is one, and warns where it does not bind', () => {
    const late = { live: claim('Pending'), storageClass: storageClass('WaitForFirstConsumer') }
    expect(decideVolumePatch(sight({ ...late, hasConsumer: true }))).toMatchObject({ do: 'wait' })
    expect(decideVolumePatch(sight({ ...late, hasConsumer: true, isOver: true }))).toMatchObject({ do: 'warn' })
    expect(decideVolumePatch(sight(late))).toMatchObject({
      do: 'warn',
      problem: expect.stringContaining('no pod uses it'),
    })
  })

  it('a pod uses a claim until it has ended', () => {
    const pod = (phase: string) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
      status: { phase },
    })
    expect([
      usesClaim(pod('Pending'), 'data'),
      usesClaim(pod('Failed'), 'data'),
      usesClaim(pod('Pending'), 'other'),
    ]).toEqual([true, false, false])
  })
})
