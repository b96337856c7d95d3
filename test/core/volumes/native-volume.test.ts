import { describe, expect, it } from 'vitest'
import { leftOverVolumes, nativeFate, renamedVolume } from '../../../core/volumes/native-volume.ts'
import type { StandingVolume } from '../../../core/volumes/native-volume.ts'
import { anObject } from '../items/builders.ts'

const claimRef = { namespace: 'shop', name: 'data' }
const volume = (spec: object = {}, more: object = {}) => anObject('PersistentVolume', 'pv', {}, { spec, ...more })
const claim = anObject('PersistentVolumeClaim', 'data', { namespace: 'shop' })
const namespace = anObject('Namespace', 'shop')
const going = { deletionTimestamp: '2026-01-01T00:00:00Z' }
const nothing: StandingVolume = { volume: undefined, claim: undefined, namespace: undefined }

describe('a volume with a native snapshot', () => {
  const fate = (standing: Partial<StandingVolume>, mapping?: Record<string, string>) =>
    nativeFate(volume({ claimRef }), { ...nothing, ...standing }, mapping)

  it('is restored where none of its name stands', () => {
    expect(fate({})).toEqual({ do: 'restore', renames: false })
    expect(fate({}, { shop: 'copy' })).toEqual({ do: 'restore', renames: false })
  })

  it('gets another name where one stands and its claim is mapped', () => {
    expect(fate({ volume: volume() }, { shop: 'copy' })).toEqual({ do: 'restore', renames: true })
    expect(fate({ volume: volume() }, { other: 'copy' })).toEqual({ do: 'keep' })
  })

  it('is not restored where one stands that stays', () => {
    expect(fate({ volume: volume() })).toEqual({ do: 'keep' })
    expect(fate({ volume: volume({ claimRef }), claim, namespace })).toEqual({ do: 'keep' })
  })

  it.each<[string, Partial<StandingVolume>]>([
    ['it is released', { volume: volume({}, { status: { phase: 'Released' } }) }],
    ['it is being deleted', { volume: anObject('PersistentVolume', 'pv', going) }],
    ['its claim shop/data is not there', { volume: volume({ claimRef }) }],
    [
      'its claim shop/data is being deleted',
      { volume: volume({ claimRef }), claim: anObject('PersistentVolumeClaim', 'data', going), namespace },
    ],
    ['the namespace of its claim shop/data is being deleted', { volume: volume({ claimRef }), claim }],
    [
      'the namespace of its claim shop/data is being deleted',
      { volume: volume({ claimRef }), claim, namespace: { ...namespace, status: { phase: 'Terminating' } } },
    ],
  ])('waits for one that goes away: %s', (why, standing) => {
    const because = `volume pv, which stands in the cluster, to go away: ${why}`
    expect(fate(standing)).toEqual({ do: 'wait', because })
  })

  it('has its old name in an annotation where it has got another one', () => {
    const annotations = { 'velero.io/original-pv-name': 'pv', a: 'b' }
    expect(
      renamedVolume(anObject('PersistentVolume', 'pv', { annotations: { a: 'b' } }), 'pv', 'new').metadata,
    ).toEqual({
      name: 'new',
      annotations,
    })
  })
})

it('volumes that are left over are named with what helps to find them', () => {
  const call = { at: '2026-01-01T00:00:00Z', worker: 'w' }
  const where = { snapshotId: 'snap', location: 'here', inUse: 'vol-2' }
  expect(leftOverVolumes([call, { ...call, volumeId: 'vol-1' }], where).map(({ text }) => text)).toEqual([
    'a volume may be left over in location here: a call that makes one from snapshot snap was sent at 2026-01-01T00:00:00Z by w and its answer is not known. Look there for a volume of this snapshot that was made since then and that no PersistentVolume names; volume vol-2 is the one in use',
    'a volume is left over in location here: volume vol-1 was made from snapshot snap, and no PersistentVolume names it; volume vol-2 is the one in use',
  ])
})
