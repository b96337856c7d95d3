import { describe, expect, it } from 'vitest'
import { patchVolumes } from '../../../activities/finalize/patch-volumes.ts'
import { error } from '../../../core/items/outcome.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { BackupVolumeInfo } from '../../../velero/volume-info.ts'
import { finalizing } from '../../kit/finalizing.ts'
import type { Finalizing } from '../../kit/finalizing.ts'

const aClaim = (name: string, more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'shop' },
  spec: { storageClassName: '', ...more },
  status: { phase: 'Pending' },
})
const volumeOf = (pvcName: string): BackupVolumeInfo => ({
  pvcNamespace: 'shop',
  pvcName,
  pvName: `old-${pvcName}`,
  backupMethod: 'CSISnapshot',
  pvInfo: { reclaimPolicy: 'Retain', labels: { tier: 'gold' } },
})
const claimRef = (name: string) => ({
  group: '',
  version: 'v1',
  resource: 'persistentvolumeclaims',
  namespace: 'shop',
  name,
})
const volumeRef = { group: '', version: 'v1', resource: 'persistentvolumes', name: 'pv-a' }

/** Binds claim `a` to a volume, as a provisioner and the controller of volumes do. */
function bind({ cluster }: Finalizing, name: string): void {
  const live = cluster.look(claimRef(name))
  if (live === undefined) throw new Error(`there is no claim ${name}`)
  const { uid = '' } = live.metadata
  cluster.place({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `pv-${name}`, labels: { zone: 'z1', tier: 'none' } },
    spec: { persistentVolumeReclaimPolicy: 'Delete', claimRef: { namespace: 'shop', name, uid } },
    status: { phase: 'Bound' },
  })
  cluster.place({ ...live, spec: { volumeName: `pv-${name}` }, status: { phase: 'Bound' } })
}

describe('the patch of new volumes', () => {
  it('waits until a claim is bound, then restores reclaim policy and labels, and keeps those of the provisioner', async () => {
    const world = await finalizing({ created: [aClaim('a')], volumes: [volumeOf('a')] })
    world.clock.later(30_000, () => bind(world, 'a'))
    expect((await world.run(patchVolumes)).messages).toEqual([])
    const volume = world.cluster.look(volumeRef)
    expect(volume?.metadata.labels).toEqual({ zone: 'z1', tier: 'gold' })
    expect(volume?.['spec']).toMatchObject({ persistentVolumeReclaimPolicy: 'Retain' })
  })

  it('reports each claim that is not bound at the deadline, and patches the others', async () => {
    const world = await finalizing({
      created: [aClaim('a'), aClaim('stuck')],
      volumes: [volumeOf('a'), volumeOf('stuck')],
      settings: { resourceTimeoutSeconds: 60 },
    })
    bind(world, 'a')
    expect((await world.run(patchVolumes)).messages).toEqual([
      error('namespace:shop', 'fail to patch dynamic PV, err: context deadline exceeded, PVC: stuck, PV: old-stuck'),
    ])
    expect(world.cluster.look(volumeRef)?.metadata.labels).toMatchObject({ tier: 'gold' })
  })

  it('reports a claim of a class that is not there at once', async () => {
    const created = [aClaim('a', { storageClassName: 'nowhere' })]
    const world = await finalizing({ created, volumes: [volumeOf('a')] })
    expect((await world.run(patchVolumes)).messages).toEqual([
      error(
        'namespace:shop',
        'fail to patch dynamic PV, err: storageclasses.storage.k8s.io "nowhere" not found, PVC: a, PV: old-a',
      ),
    ])
    expect(world.context.isOver()).toBe(false)
  })

  it('leaves a claim alone that this restore has not created', async () => {
    const world = await finalizing({ volumes: [volumeOf('a')] })
    world.cluster.place(aClaim('a'))
    bind(world, 'a')
    expect((await world.run(patchVolumes)).messages).toEqual([])
    expect(world.cluster.look(volumeRef)?.metadata.labels).toEqual({ zone: 'z1', tier: 'none' })
  })
})
