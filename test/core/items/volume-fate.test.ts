import { describe, expect, it } from 'vitest'
import { rebindVolume, unbindClaim, volumeFate } from '../../../core/items/volume-fate.ts'
import type { VolumeFacts } from '../../../core/items/volume-fate.ts'
import { anObject, noVolumes } from './builders.ts'

const claimRef = { namespace: 'shop', name: 'data', uid: 'u', resourceVersion: '1', kind: 'PersistentVolumeClaim' }
const volume = (policy: string, name = 'pv', spec: object = { claimRef }) =>
  anObject('PersistentVolume', name, {}, { spec: { persistentVolumeReclaimPolicy: policy, ...spec } })
const info = (backupMethod: string | undefined) =>
  ({ ...noVolumes, infos: { pv: { pvName: 'pv', backupMethod } } }) as VolumeFacts
const upload = (more: { namespace?: string; claim?: string; phase?: string; snapshotID?: string } = {}) =>
  anObject(
    'PodVolumeBackup',
    'b',
    { annotations: { 'velero.io/pvc-name': more.claim ?? 'data' } },
    {
      spec: { pod: { namespace: more.namespace ?? 'shop' } },
      status: { phase: more.phase ?? 'Completed', snapshotID: more.snapshotID ?? 's' },
    },
  )
const csi = (namespace: string, claim: string) =>
  anObject('VolumeSnapshot', 's', { namespace }, { spec: { source: { persistentVolumeClaimName: claim } } })

describe('the fate of a volume', () => {
  it.each<[string, VolumeFacts, string, string]>([
    ['volume info says native snapshot', info('NativeSnapshot'), 'Delete', 'snapshot'],
    ['volume info says pod volume backup', info('PodVolumeBackup'), 'Retain', 'provision'],
    ['volume info says CSI snapshot', info('CSISnapshot'), 'Retain', 'provision'],
    ['volume info names no method, policy Delete', info(undefined), 'Delete', 'provision'],
    ['volume info names no method, policy Retain', info(''), 'Retain', 'keep'],
    ['volume info names a new method, policy Retain', info('Other'), 'Retain', 'keep'],
    ['nothing is known, policy Delete', noVolumes, 'Delete', 'provision'],
    ['nothing is known, policy Retain', noVolumes, 'Retain', 'keep'],
    ['nothing is known, policy Recycle', noVolumes, 'Recycle', 'keep'],
    [
      'an old backup has its snapshot',
      { ...noVolumes, snapshots: [{ spec: { persistentVolumeName: 'pv' } }] } as unknown as VolumeFacts,
      'Delete',
      'snapshot',
    ],
    ['an old backup has its upload', { ...noVolumes, podVolumeBackups: [upload()] }, 'Retain', 'provision'],
    ['an upload is not complete', { ...noVolumes, podVolumeBackups: [upload({ phase: 'Failed' })] }, 'Retain', 'keep'],
    ['an upload has no snapshot', { ...noVolumes, podVolumeBackups: [upload({ snapshotID: '' })] }, 'Retain', 'keep'],
    ['an upload is of another claim', { ...noVolumes, podVolumeBackups: [upload({ claim: 'b' })] }, 'Retain', 'keep'],
    [
      'an upload is of another namespace',
      { ...noVolumes, podVolumeBackups: [upload({ namespace: 'b' })] },
      'Retain',
      'keep',
    ],
    [
      'an old backup has its CSI snapshot',
      { ...noVolumes, csiSnapshots: [csi('shop', 'data')] },
      'Retain',
      'provision',
    ],
    ['a CSI snapshot is of another namespace', { ...noVolumes, csiSnapshots: [csi('b', 'data')] }, 'Retain', 'keep'],
    ['a data mover took its claim', { ...noVolumes, movedClaims: ['shop/data'] }, 'Retain', 'provision'],
  ])('where %s', (_why, facts, policy, fate) => {
    expect(volumeFate(volume(policy), facts).do).toBe(fate)
  })

  it('goes by the reclaim policy for a volume without a claim', () => {
    const facts = { ...noVolumes, podVolumeBackups: [upload()] }
    expect(volumeFate(volume('Retain', 'pv', {}), facts)).toEqual({ do: 'keep' })
  })

  it('is not confused by a volume called like a field of every object', () => {
    const facts = { ...noVolumes, movedClaims: ['shop/data'] }
    expect(volumeFate(volume('Retain', 'constructor'), facts).do).toBe('provision')
  })
})

describe('a volume that is kept', () => {
  it('is bound to its claim by name only, in its new namespace, and has no binding annotations', () => {
    const pv = {
      ...volume('Retain'),
      metadata: { name: 'pv', annotations: { 'pv.kubernetes.io/bound-by-controller': 'yes', own: '1' } },
    }
    const { uid: _uid, resourceVersion: _version, ...kept } = claimRef
    const rebound = rebindVolume(pv, { shop: 'copy' })
    expect(rebound).toMatchObject({ metadata: { annotations: { own: '1' } } })
    expect(rebound['spec']).toEqual({
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef: { ...kept, namespace: 'copy' },
    })
  })

  it('stays in its namespace where that is not mapped, whatever its name', () => {
    const pv = volume('Retain', 'pv', { claimRef: { namespace: 'constructor', name: 'c' } })
    expect(rebindVolume(pv, {})).toHaveProperty('spec.claimRef.namespace', 'constructor')
    expect(rebindVolume(pv, undefined)).toHaveProperty('spec.claimRef.namespace', 'constructor')
  })

  it('without a claim stays as it is', () => {
    expect(rebindVolume(volume('Retain', 'pv', {}), {})).toEqual(volume('Retain', 'pv', {}))
  })
})

describe('a claim', () => {
  const claim = (spec: object) =>
    anObject('PersistentVolumeClaim', 'c', { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }, { spec })

  it('loses annotations and volume where that is provisioned anew', () => {
    expect(unbindClaim(claim({ volumeName: 'pv', a: 1 }), new Set(['pv']))).toEqual(
      anObject('PersistentVolumeClaim', 'c', {}, { spec: { a: 1 } }),
    )
  })

  it('keeps its volume where that is kept', () => {
    expect(unbindClaim(claim({ volumeName: 'pv' }), new Set())).toEqual(
      anObject('PersistentVolumeClaim', 'c', {}, { spec: { volumeName: 'pv' } }),
    )
  })

  it.each([{}, { volumeName: '' }])('that names no volume stays as it is: %j', (spec) => {
    expect(unbindClaim(claim(spec), new Set(['']))).toEqual(claim(spec))
  })
})
