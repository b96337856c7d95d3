import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { scratchNamespace } from '../../../core/drill/scratch-namespace.ts'
import { restoreNameLabel } from '../../../velero/labels.ts'
import { drillRequest } from '../../core/drill/builders.ts'
import { startControllers } from '../../ports/controllers.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { act, name, ref, worldAt } from '../crash/restore-in-memory.ts'

const request = { ...drillRequest, cluster: ref.cluster }
const run = { request, restore: name, at: '2026-01-01T03:00:00.000Z' }
const owner = { namespace: 'velero', drill: request.name, restore: name, at: run.at }
const volumes = { group: '', version: 'v1', resource: 'persistentvolumes' }

/** What the end of a drill goes by that believes to have both namespaces. */
const ending = {
  ...run,
  scratch: ['scratch-shop', 'scratch-other'],
  since: '2020-01-01T00:00:00Z',
  patienceSeconds: 600,
}

/** One namespace is the drill's. The other one is somebody else's, with a claim and two volumes that keep its data. */
async function shared(): Promise<World> {
  const world = createWorld(await worldAt('new'))
  startControllers(world, ['Namespace'])
  world.cluster.place(scratchNamespace('scratch-shop', owner, undefined))
  world.cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'scratch-other' } })
  const claim = world.cluster.place({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'scratch-other' },
  })
  const { uid } = claim.metadata
  const annotations = { 'pv.kubernetes.io/provisioned-by': 'csi.example.com' }
  // A restore of another Velero namespace may have the same name.
  for (const metadata of [
    { name: `pvc-${uid}`, annotations },
    { name: 'restored', labels: { [restoreNameLabel]: name } },
  ])
    world.cluster.place({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata,
      spec: {
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'scratch-other', name: 'data', uid },
      },
    })
  return world
}

const volumesOf = (world: World) => world.cluster.connect().list(volumes, {})
const namesOf = (world: World) =>
  world.cluster.objects().flatMap(({ kind, metadata }) => (kind === 'Namespace' ? [metadata.name] : []))

describe('a namespace that is somebody else’s, where a drill wanted it', () => {
  it('keeps its volumes as they are, also where the drill ends after it was refused', async () => {
    const world = await shared()
    const before = await volumesOf(world)
    expect(before).toHaveLength(2)
    expect(await act(world, 'ownDrillVolumes', ending)).toEqual({ left: [] })
    expect(await volumesOf(world)).toEqual(before)
    const began = world.clock.now().getTime()
    expect(await act(world, 'removeScratch', ending)).toEqual({ left: [] })
    expect(world.clock.now().getTime() - began).toBeLessThan(60_000)
    expect(await volumesOf(world)).toEqual(before)
    expect(namesOf(world)).toContain('scratch-other')
    expect(namesOf(world)).not.toContain('scratch-shop')
  })
})
