import { textAt, valueAt } from '../../../core/values/fields.ts'
import type { ClaimInPlace } from '../../../core/volumes/in-place.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { World } from '../../ports/world.ts'
import { ref, withShard } from './restore-in-memory.ts'
import type { Asked } from './restore-in-memory.ts'

/** The claim whose data a data mover has. */
export const claimAt = {
  group: '',
  version: 'v1',
  resource: 'persistentvolumeclaims',
  namespace: 'shop',
  name: 'moved',
}
/** Its volume, which would go with it. */
export const volumeAt = { group: '', version: 'v1', resource: 'persistentvolumes', name: 'pv-moved' }

const old = { creationTimestamp: '2025-01-01T00:00:00Z' }
const claimUid = 'claim-before'
const volumeUid = 'volume-before'

const claim: Manifest = {
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: {
    name: 'moved',
    namespace: 'shop',
    uid: claimUid,
    ...old,
    labels: { mine: 'yes' },
    annotations: { 'pv.kubernetes.io/bind-completed': 'yes', 'volume.kubernetes.io/selected-node': 'node-1' },
    finalizers: ['kubernetes.io/pvc-protection'],
  },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: 'fast',
    volumeName: 'pv-moved',
  },
  status: { phase: 'Bound' },
}

const volume: Manifest = {
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pv-moved', uid: volumeUid, ...old },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Delete',
    storageClassName: 'fast',
    csi: { driver: 'd', volumeHandle: 'pv-moved' },
    claimRef: { kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'moved', uid: claimUid },
  },
  status: { phase: 'Bound' },
}

/** The CRD by which the next Velero is told. */
const nextCrd: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'restores.velero.io' },
  spec: {
    group: 'velero.io',
    scope: 'Namespaced',
    names: { kind: 'Restore', plural: 'restores', singular: 'restore', listKind: 'RestoreList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            properties: { spec: { properties: { skipDefaultResourceModifier: { type: 'boolean' } } } },
          },
        },
      },
    ],
  },
}

/** A restore of the next Velero over a claim that stands with its volume. */
export const inPlace: Asked = {
  spec: { existingVolumeDataPolicy: 'full' },
  standing: [nextCrd, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', ...old } }, claim, volume],
}

/** The claim has made way, and its restore knows nothing else of it. */
export function withClaimAway(world: World): void {
  const { uid: _uid, finalizers: _finalizers, creationTimestamp: _created, ...metadata } = claim.metadata
  const note: ClaimInPlace = {
    claim: { ...claim, metadata: { ...metadata, annotations: {} }, status: undefined },
    claimUid,
    volume: { name: 'pv-moved', uid: volumeUid, reclaimPolicy: 'Delete' },
    at: '2026-01-02T03:04:00Z',
  }
  withShard(`in-place/shop/moved/${claimUid}`, note)(world)
  world.cluster.drop(claimAt)
  world.cluster.drop(volumeAt)
  const spec = { ...(volume['spec'] as object), persistentVolumeReclaimPolicy: 'Retain' }
  const annotations = { 'drydock.io/in-place': `${ref.uid},Delete` }
  world.cluster.place({ ...volume, metadata: { ...volume.metadata, annotations }, spec, status: { phase: 'Released' } })
}

/**
 * What the controller of volumes and the data mover do with this one volume: a claim that is deleted goes when nobody uses
 * it, its volume goes too where the policy says so, a claim that names a free volume is bound to it, and a finished
 * DataDownload gives the volume to its claim.
 */
export function startVolumeController({ cluster, clock }: World): void {
  const soon = (act: () => void) => clock.later(400, act)
  const look = () => {
    const isGoing = cluster.look(claimAt)?.metadata.deletionTimestamp !== undefined
    if (isGoing) cluster.drop(claimAt)
    const live = cluster.look(claimAt)
    const held = cluster.look(volumeAt)
    if (held === undefined) return
    const holder = valueAt(held, 'spec', 'claimRef', 'uid')
    const spec = held['spec'] as object
    if (holder !== undefined && live?.metadata.uid !== holder && textAt(held, 'status', 'phase') === 'Bound') {
      if (textAt(held, 'spec', 'persistentVolumeReclaimPolicy') === 'Delete') cluster.drop(volumeAt)
      else cluster.amend(volumeAt, { status: { phase: 'Released' } })
      return
    }
    if (live === undefined || textAt(live, 'status', 'phase') !== 'Pending') return
    const isFilled = cluster
      .objects()
      .some((one) => one.kind === 'DataDownload' && textAt(one, 'status', 'phase') === 'Completed')
    const isNamed = textAt(live, 'spec', 'volumeName') === 'pv-moved' && holder === undefined
    if (!isFilled && !isNamed) return
    const claimRef = { kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'moved', uid: live.metadata.uid }
    cluster.amend(volumeAt, { spec: { ...spec, claimRef }, status: { phase: 'Bound' } })
    cluster.amend(claimAt, {
      spec: { ...(live['spec'] as object), volumeName: 'pv-moved' },
      status: { phase: 'Bound' },
    })
  }
  cluster.onChange((_object, { resource }) => {
    if (['persistentvolumeclaims', 'persistentvolumes', 'datadownloads'].includes(resource)) soon(look)
  })
}
