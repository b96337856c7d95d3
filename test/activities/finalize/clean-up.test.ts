import { describe, expect, it } from 'vitest'
import { cleanUp, removeLeftovers } from '../../../activities/finalize/clean-up.ts'
import { warning } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { BackupVolumeInfo } from '../../../velero/volume-info.ts'
import { finalizing, ref } from '../../kit/finalizing.ts'
import type { Finalizing } from '../../kit/finalizing.ts'

const dataUpload: Outcome = { key: 'datauploads.velero.io|velero|up', messages: [], at: '2026-01-02T03:04:05Z' }
const groupOf = (handle: string): BackupVolumeInfo => ({ csiSnapshotInfo: { volumeGroupSnapshotHandle: handle } })

const aConfigMap = (name: string, uid: string, usage: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'velero', labels: { 'velero.io/restore-uid': uid, 'velero.io/resource-usage': usage } },
})

const aDefinition = (plural: string, group: string, version: string, kind: string): Manifest => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: { group, scope: 'Cluster', names: { plural, kind }, versions: [{ name: version, served: true }] },
})

const labels = { 'velero.io/restore-name': ref.name, 'velero.io/restore-uid': ref.uid }

const aStub = (name: string, handles: readonly string[], more: object = {}): Manifest => ({
  apiVersion: 'groupsnapshot.storage.k8s.io/v1beta2',
  kind: 'VolumeGroupSnapshotContent',
  metadata: { name, labels: { ...labels, ...more } },
  spec: { source: { groupSnapshotHandles: { volumeSnapshotHandles: handles } } },
})

const aSnapshot = (name: string, snapshotHandle: string, readyToUse: boolean): Manifest => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotContent',
  metadata: { name, labels },
  spec: { source: { snapshotHandle } },
  status: { readyToUse },
})

/** A cluster that knows snapshots and their groups. */
async function withSnapshots(volumes: readonly BackupVolumeInfo[]): Promise<Finalizing> {
  const world = await finalizing({ volumes, settings: { resourceTimeoutSeconds: 60 } })
  const groups = aDefinition(
    'volumegroupsnapshotcontents',
    'groupsnapshot.storage.k8s.io',
    'v1beta2',
    'VolumeGroupSnapshotContent',
  )
  world.cluster.place(groups)
  world.cluster.place(aDefinition('volumesnapshotcontents', 'snapshot.storage.k8s.io', 'v1', 'VolumeSnapshotContent'))
  await world.clock.advance(5_000)
  return world
}

const namesOf = ({ cluster }: Finalizing, kind: string) =>
  cluster.objects().flatMap((object) => (object.kind === kind ? [object.metadata.name] : []))

describe('the clean-up', () => {
  it('removes the ConfigMaps of the data mover, and leaves those of other restores and other uses', async () => {
    const world = await finalizing({ outcomes: [dataUpload] })
    world.cluster.place(aConfigMap('ours', ref.uid, 'DataUpload'))
    world.cluster.place(aConfigMap('of-another-restore', 'another', 'DataUpload'))
    world.cluster.place(aConfigMap('for-another-use', ref.uid, 'Other'))
    expect((await world.run(cleanUp)).messages).toEqual([])
    expect(namesOf(world, 'ConfigMap').sort()).toEqual(['for-another-use', 'of-another-restore'])
  })

  it('asks the cluster nothing where no data mover and no group of snapshots was in use', async () => {
    const world = await finalizing()
    world.cluster.place(aConfigMap('left', ref.uid, 'DataUpload'))
    await world.run(cleanUp)
    expect(namesOf(world, 'ConfigMap')).toEqual(['left'])
  })

  it('removes the stub of a group once its snapshots are ready', async () => {
    const world = await withSnapshots([groupOf('g')])
    world.cluster.place(aStub('stub', ['one']))
    world.cluster.place(aStub('of-another-restore', ['one'], { 'velero.io/restore-uid': 'another' }))
    world.cluster.place(aSnapshot('one', 'one', false))
    world.clock.later(20_000, () => void world.cluster.place(aSnapshot('one', 'one', true)))
    const began = world.clock.nowMs()
    expect((await world.run(cleanUp)).messages).toEqual([])
    expect(world.clock.nowMs() - began).toBeGreaterThanOrEqual(20_000)
    expect(namesOf(world, 'VolumeGroupSnapshotContent')).toEqual(['of-another-restore'])
  })

  it('warns at its deadline where snapshots are not ready, and removes the stub all the same', async () => {
    const world = await withSnapshots([groupOf('g')])
    world.cluster.place(aStub('stub', ['one']))
    world.cluster.place(aSnapshot('one', 'one', false))
    expect((await world.run(cleanUp)).messages).toEqual([
      warning('namespace:cluster', 'timed out waiting for VSCs related to VGSC stub: context deadline exceeded'),
    ])
    expect(world.context.isOver()).toBe(true)
    expect(namesOf(world, 'VolumeGroupSnapshotContent')).toEqual([])
  })

  it('run again finds nothing left to do', async () => {
    const world = await withSnapshots([groupOf('g')])
    world.cluster.place(aStub('stub', []))
    expect(await world.run(cleanUp)).toEqual({ messages: [] })
    expect(await world.run(cleanUp)).toEqual({ messages: [] })
  })
})

describe('the clean-up of a cancelled or failed restore', () => {
  const removing = ({ attempt, parts }: Finalizing) => attempt(() => removeLeftovers(parts)({ ref }))

  it('removes ConfigMaps and stubs by their labels alone, waits for no snapshot, and leaves those of other restores', async () => {
    const world = await withSnapshots([])
    world.cluster.place(aConfigMap('ours', ref.uid, 'DataUpload'))
    world.cluster.place(aConfigMap('of-another-restore', 'another', 'DataUpload'))
    world.cluster.place(aStub('stub', ['one']))
    world.cluster.place(aStub('stub-of-another', ['one'], { 'velero.io/restore-uid': 'another' }))
    world.cluster.place(aSnapshot('one', 'one', false))
    const began = world.clock.nowMs()
    await removing(world)
    await removing(world)
    expect(world.clock.nowMs()).toBe(began)
    expect(namesOf(world, 'ConfigMap')).toEqual(['of-another-restore'])
    expect(namesOf(world, 'VolumeGroupSnapshotContent')).toEqual(['stub-of-another'])
  })

  it('is waited for by the next run, since it may create items', async () => {
    const world = await finalizing()
    const begun: string[] = []
    const { presence } = world.parts.ports
    const begin = (scope: string) => {
      begun.push(scope)
      return presence.begin(scope)
    }
    const noting = { ...presence, begin }
    const parts = { ...world.parts, ports: { ...world.parts.ports, presence: noting } }
    await world.attempt(() => removeLeftovers(parts)({ ref }))
    expect(begun).toEqual([`${ref.uid}/leftovers`])
  })

  it('is done in a cluster that knows no groups of snapshots', async () => {
    const world = await finalizing()
    await removing(world)
    expect(world.log.lines).toEqual([])
  })
})
