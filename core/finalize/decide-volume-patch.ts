import type { Manifest } from '../../velero/manifest.ts'
import type { BackupVolumeInfo } from '../../velero/volume-info.ts'
import { objectsAt, textAt } from '../values/fields.ts'

/** What to do with the new volume of a claim. */
export type VolumeStep =
  | { do: 'patch'; patch: object }
  /** Check again later. */
  | { do: 'wait'; because: string }
  /** Nothing is to be done. */
  | { do: 'leave' }
  /** End with an error of the restore. */
  | { do: 'fail'; problem: string }
  /** End with a warning of the restore. */
  | { do: 'warn'; problem: string }

/** The facts for the decision. */
export interface VolumePatchFacts {
  info: BackupVolumeInfo
  /** The claim that was restored, in the target namespace. */
  claim: { namespace: string; name: string; uid: string }
  /** The live claim; undefined if it does not exist. */
  live: Manifest | undefined
  /** Its storage class; undefined if it names none, or if that one does not exist. */
  storageClass: Manifest | undefined
  volume: Manifest | undefined
  /** Whether a pod uses the claim. Without a pod, a class with `WaitForFirstConsumer` creates no volume. */
  hasConsumer: boolean
  /** The restore is isolated: the volume goes with its claim, or is kept, as its StorageClass says, and leaves no disk that nobody knows. */
  isolated: boolean
  /** The time to wait is over. */
  isOver: boolean
}

const deadline = 'context deadline exceeded'

/**
 * Sets reclaim policy and labels of the volume in the backup on the new volume, when its claim is bound. The labels are
 * added to those of the provisioner, which say where the volume is; Velero replaces them (wanted difference). A claim
 * that binds with its first pod is waited for like others, and there is a warning if it does not bind in time; Velero
 * reports nothing.
 * Source: pkg/controller/restore_finalizer_controller.go patchDynamicPVWithVolumeInfo.
 */
export function decideVolumePatch(facts: VolumePatchFacts): VolumeStep {
  const { claim, live, isOver } = facts
  const id = `claim ${claim.namespace}/${claim.name}`
  const wait = (because: string): VolumeStep => (isOver ? { do: 'fail', problem: deadline } : { do: 'wait', because })
  if (live === undefined) return wait(`${id}, which is not there`)
  if (live.metadata.uid !== claim.uid) return { do: 'leave' }
  if (textAt(live, 'status', 'phase') === 'Pending' || textAt(live, 'status', 'phase') === '') {
    const pending = decidePending(facts)
    if (pending !== undefined) return pending
  }
  const volumeName = textAt(live, 'spec', 'volumeName')
  if (textAt(live, 'status', 'phase') !== 'Bound' || volumeName === '')
    return wait(`${id} to be bound${whyPending(facts)}`)
  const { volume } = facts
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
  return patchOf(volume, facts)
}

/** What the claim says of it: nobody else is told why a provisioner does nothing. */
function whyPending({ live, storageClass }: VolumePatchFacts): string {
  const phase = textAt(live, 'status', 'phase') || 'without a phase'
  const className = textAt(live, 'spec', 'storageClassName')
  if (className === '') return `: it is ${phase} and names no StorageClass, so a volume that fits must exist`
  const provisioner = textAt(storageClass, 'provisioner')
  return `: it is ${phase}, for provisioner ${provisioner || 'unknown'} of StorageClass ${className}`
}

/** The step for a claim that waits for its first consumer; undefined for other claims. */
function decidePending({ claim, live, storageClass, hasConsumer, isOver }: VolumePatchFacts): VolumeStep | undefined {
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

function patchOf(volume: Manifest, { info, isolated }: VolumePatchFacts): VolumeStep {
  const policy = isolated ? '' : (info.pvInfo?.reclaimPolicy ?? '')
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
