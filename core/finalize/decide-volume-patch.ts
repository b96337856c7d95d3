import type { Manifest } from '../../velero/manifest.ts'
import type { BackupVolumeInfo } from '../../velero/volume-info.ts'
import { objectsAt, textAt } from '../values/fields.ts'

/** What to do about the volume of a claim that got a new one. */
export type VolumeStep =
  | { do: 'patch'; patch: object }
  /** Not yet; look again. */
  | { do: 'wait'; because: string }
  /** Nothing is to be done. */
  | { do: 'leave' }
  /** An error of the restore. */
  | { do: 'fail'; problem: string }
  /** A warning of the restore. */
  | { do: 'warn'; problem: string }

/** The cluster as it is now. */
export interface VolumeSight {
  info: BackupVolumeInfo
  /** In the new cluster. */
  claim: { namespace: string; name: string; uid: string }
  /** Undefined where it is not there. */
  live: Manifest | undefined
  /** Undefined where the claim names none, or where there is none of that name. */
  storageClass: Manifest | undefined
  volume: Manifest | undefined
  /** Whether a pod uses the claim: without one, a class that waits for its first consumer provides nothing. */
  hasConsumer: boolean
  /** It is waited for no longer. */
  isOver: boolean
}

const deadline = 'context deadline exceeded'

/**
 * Gives a newly provisioned volume the reclaim policy and the labels of the backup's, once its claim is bound. The labels
 * are merged: those of the provisioner say where the volume is, and the volume would be of no use without them (Velero
 * replaces them; wanted difference). A claim that binds with its first pod is waited for like any other, and reported
 * where it does not bind in time (Velero leaves it silently).
 * Source: pkg/controller/restore_finalizer_controller.go patchDynamicPVWithVolumeInfo.
 */
export function decideVolumePatch(sight: VolumeSight): VolumeStep {
  const { claim, live, isOver } = sight
  const id = `claim ${claim.namespace}/${claim.name}`
  const wait = (because: string): VolumeStep => (isOver ? { do: 'fail', problem: deadline } : { do: 'wait', because })
  if (live === undefined) return wait(`${id}, which is not there`)
  if (live.metadata.uid !== claim.uid) return { do: 'leave' }
  if (textAt(live, 'status', 'phase') === 'Pending' || textAt(live, 'status', 'phase') === '') {
    const pending = decidePending(sight)
    if (pending !== undefined) return pending
  }
  const volumeName = textAt(live, 'spec', 'volumeName')
  if (textAt(live, 'status', 'phase') !== 'Bound' || volumeName === '') return wait(`${id} to be bound`)
  const { volume } = sight
  if (volume === undefined) return wait(`volume ${volumeName} of ${id}`)
  const owner = {
    namespace: textAt(volume, 'spec', 'claimRef', 'namespace'),
    name: textAt(volume, 'spec', 'claimRef', 'name'),
  }
  if (owner.name === '' || textAt(volume, 'status', 'phase') !== 'Bound')
    return wait(`volume ${volumeName} to be bound`)
  if (owner.name !== claim.name || owner.namespace !== claim.namespace) {
    const problem = `PV was bound by unexpected PVC, unexpected PVC: ${owner.namespace}/${owner.name}, expected PVC: ${claim.namespace}/${claim.name}`
    return { do: 'fail', problem }
  }
  return patchOf(volume, sight.info)
}

/** A claim that waits for its first consumer; undefined where it is like any other. */
function decidePending({ claim, live, storageClass, hasConsumer, isOver }: VolumeSight): VolumeStep | undefined {
  const className = textAt(live, 'spec', 'storageClassName')
  if (className === '') return undefined
  if (storageClass === undefined)
    return { do: 'fail', problem: `storageclasses.storage.k8s.io ${JSON.stringify(className)} not found` }
  if (textAt(storageClass, 'volumeBindingMode') !== 'WaitForFirstConsumer') return undefined
  if (hasConsumer && !isOver)
    return { do: 'wait', because: `claim ${claim.namespace}/${claim.name} to be bound with its first pod` }
  const why = hasConsumer ? 'its pod has not been scheduled in time' : 'no pod uses it'
  const problem =
    `PVC ${claim.namespace}/${claim.name} is not bound, since StorageClass ${className} waits for its first consumer ` +
    `and ${why}: reclaim policy and labels of its volume are not restored`
  return { do: 'warn', problem }
}

function patchOf(volume: Manifest, info: BackupVolumeInfo): VolumeStep {
  const policy = info.pvInfo?.reclaimPolicy ?? ''
  const labels = info.pvInfo?.labels ?? {}
  const live = volume.metadata.labels ?? {}
  const missing = Object.entries(labels).filter(([key, value]) => live[key] !== value)
  const samePolicy = policy === '' || textAt(volume, 'spec', 'persistentVolumeReclaimPolicy') === policy
  if (samePolicy && missing.length === 0) return { do: 'leave' }
  const { uid, resourceVersion } = volume.metadata
  return {
    do: 'patch',
    patch: {
      metadata: { uid, resourceVersion, ...(missing.length === 0 ? {} : { labels: Object.fromEntries(missing) }) },
      ...(samePolicy ? {} : { spec: { persistentVolumeReclaimPolicy: policy } }),
    },
  }
}

/** Whether a pod uses this claim and has not ended. */
export function usesClaim(pod: Manifest, claim: string): boolean {
  const phase = textAt(pod, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed') return false
  return objectsAt(pod, 'spec', 'volumes').some(
    (volume) => textAt(volume, 'persistentVolumeClaim', 'claimName') === claim,
  )
}
