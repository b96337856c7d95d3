import { describe, expect, it } from 'vitest'
import { decideDrillVolume, isGoing, volumeText } from '../../../core/drill/drill-volume.ts'
import { runOf } from '../../../core/drill/scratch-namespace.ts'
import { drillRunLabel, fromSnapshotAnnotation, restoreNameLabel } from '../../../velero/labels.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const owner = { namespace: 'velero', drill: 'nightly', restore: 'nightly-1', at: '2026-01-01T03:00:00.000Z' }
const provisioned = { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' }
const claimRef = { namespace: 'scratch-shop', name: 'data', uid: 'claim' }
const Delete = { persistentVolumeReclaimPolicy: 'Delete' }

const volume = (metadata: Partial<Manifest['metadata']>, spec: object = {}, status: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv', uid: 'u', resourceVersion: '1', ...metadata },
  spec: { persistentVolumeReclaimPolicy: 'Retain', claimRef, ...spec },
  status,
})
const since = '2026-01-01T03:00:01Z'
const facts = { owner, restoreUid: 'restore', since }
const decided = (of: Manifest, claims: readonly string[] = ['claim']) =>
  decideDrillVolume({ ...facts, volume: of, claims: new Set(claims) })
const decidedLate = (of: Manifest) => decideDrillVolume({ ...facts, volume: of, claims: undefined })
const owned = {
  metadata: { uid: 'u', resourceVersion: '1', labels: { [drillRunLabel]: runOf(owner) } },
  spec: Delete,
}

describe('a volume that a claim of a drill is bound to', () => {
  it.each([
    ['a provisioner has made for it', volume({ name: 'pvc-claim', annotations: provisioned })],
    ['this restore has made from a snapshot', volume({ annotations: { [fromSnapshotAnnotation]: 'restore' } })],
  ])('goes with its claim where %s', (_when, of) => {
    expect(decided(of)).toEqual({ do: 'own', patch: owned })
  })

  it('is marked alone where it goes anyway, once', () => {
    const of = { name: 'pvc-claim', annotations: provisioned }
    expect(decided(volume(of, Delete))).toEqual({ do: 'own', patch: { metadata: owned.metadata } })
    expect(decided(volume({ ...of, labels: owned.metadata.labels }, Delete))).toEqual({ do: 'nothing' })
  })

  it.each([
    [
      'restored, with the annotations of the original',
      { annotations: provisioned, labels: { [restoreNameLabel]: 'nightly-1' } },
    ],
    [
      'made from a snapshot by another restore',
      { annotations: { [fromSnapshotAnnotation]: 'other' }, labels: { [restoreNameLabel]: 'nightly-1' } },
    ],
  ])('is never told to go where it may have the disk of the original: %s', (_what, metadata) => {
    expect(decided(volume(metadata))).toEqual({ do: 'nothing' })
  })

  it('is told where it stood there before and is kept, whatever it says of itself', () => {
    const because =
      'persistentvolumes pv (claim scratch-shop/data was bound to it, and its reclaim policy Retain keeps it with what was written)'
    expect(decided(volume({}))).toEqual({ do: 'tell', because })
    expect(decided(volume({ annotations: provisioned }))).toEqual({ do: 'tell', because })
    expect(decided(volume({}, Delete))).toEqual({ do: 'nothing' })
  })

  it('is nobody’s of the drill where its claim is another one', () => {
    expect(decided(volume({ name: 'pvc-claim', annotations: provisioned }), ['another'])).toEqual({ do: 'nothing' })
  })
})

describe('a volume without its claim', () => {
  const of = { name: 'pvc-claim', annotations: provisioned }
  it('is the drill’s where it was provisioned since the drill made its namespaces, and no other one is', () => {
    expect(decidedLate(volume({ ...of, creationTimestamp: since }))).toEqual({ do: 'own', patch: owned })
    expect(decidedLate(volume({ ...of, creationTimestamp: '2026-01-01T03:00:00Z' }))).toEqual({ do: 'nothing' })
    expect(decidedLate(volume({ name: 'stood-there', creationTimestamp: since }))).toEqual({ do: 'nothing' })
    const unknown = { ...facts, since: undefined, claims: undefined }
    expect(decideDrillVolume({ ...unknown, volume: volume({ ...of, creationTimestamp: since }) })).toEqual({
      do: 'nothing',
    })
  })

  it('is waited for as long as somebody takes it away, and named with why it stays', () => {
    expect(isGoing(volume({ annotations: provisioned }, Delete, { phase: 'Failed' }))).toBe(true)
    const stuck = volume({}, Delete, { phase: 'Failed', message: 'no plugin' })
    expect([isGoing(stuck), isGoing(volume({}))]).toEqual([false, false])
    expect(volumeText(stuck)).toBe('persistentvolumes pv (Failed: no plugin)')
    expect(volumeText(volume({}))).toBe('persistentvolumes pv')
  })
})
