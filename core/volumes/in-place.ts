import { inPlaceAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { usesClaim } from '../finalize/decide-volume-patch.ts'
import { annotationOf, fieldsAt, textAt } from '../values/fields.ts'

/**
 * Data of a data mover is written into the volume of a claim that exists (`existingVolumeDataPolicy`, after Velero v1.18) in
 * this order. Its node agent mounts the volume in Velero's own namespace, so the claim has to go away for that time:
 *
 *  1. `judgeClaim`: may the claim go away? What is needed to put it back is journalled (`ClaimInPlace`).
 *  2. The volume gets the reclaim policy Retain, so that it stays without its claim, and an annotation that says whose it is
 *     (`takeOver`). Then the claim is deleted.
 *  3. The DataDownload names the volume, and the claim is created again. It waits for the volume by a label.
 *  4. `decidePutBack`, at the end: the volume gets its reclaim policy back once its claim has it. A claim that is away
 *     still, because the restore was cancelled or its create was refused, is created again as it was. The locks of its
 *     namespace are released by then (rule 9), so a volume that another restore has taken over is left to that one.
 *
 * Source: pkg/restore/actions/csi/pvc_action.go prepareForInplaceRestore on Velero's branch volume-data-in-place-restore.
 */
export interface ClaimInPlace {
  /** The claim as it was, fit to be created again with its volume. */
  claim: Manifest
  /** Its uid: only this very claim is deleted. */
  claimUid: string
  volume: { name: string; uid: string; reclaimPolicy: string }
  /** The node for which the volume was made; the claim that is created again keeps it. */
  selectedNode?: string
  /** When it was noted, RFC 3339: the last note about a claim is the one that counts. */
  at: string
}

/** What the cluster holds of a claim whose data is to be written into its volume. */
export interface StandingClaim {
  live: Manifest
  volume: Manifest | undefined
  /** The pods of its namespace. */
  pods: readonly Manifest[]
  /** The volume of the claim in the backup; absent where the backup is of another namespace. */
  originalVolume?: string
  at: string
}

const boundByController = 'pv.kubernetes.io/bound-by-controller'
const inPlace = 'ExistingVolumeDataPolicy is in-place restore, but the existing'

/**
 * Decides whether a claim may go away for its data. The first two problems are in the words of Velero's code; the
 * "Pre-flight Checks" of its design for volumes in place ask for the others without words for them.
 */
export function judgeClaim(standing: StandingClaim): { note: ClaimInPlace } | { problem: string } {
  const { live, volume, pods, originalVolume = '', at } = standing
  const { name, namespace = '', uid = '' } = live.metadata
  const volumeName = textAt(live, 'spec', 'volumeName')
  if (textAt(live, 'status', 'phase') !== 'Bound') return { problem: `${inPlace} PVC is not bound.` }
  if (volume === undefined) {
    return { problem: `Fail to get PV ${volumeName}: persistentvolumes "${volumeName}" not found` }
  }
  if (textAt(volume, 'spec', 'claimRef', 'uid') !== uid) return { problem: `${inPlace} PVC is not bound.` }
  if (live.metadata.deletionTimestamp !== undefined) return { problem: `${inPlace} PVC is being deleted.` }
  const user = pods.find((pod) => usesClaim(pod, name))
  if (user !== undefined) {
    const pod = `${namespace}/${user.metadata.name}`
    return { problem: `${inPlace} PVC is in use by pod ${pod}. Delete the pods that use it, and restore again` }
  }
  if (originalVolume !== '' && originalVolume !== volumeName) {
    return { problem: `${inPlace} PVC is bound to PV ${volumeName}, not to the original PV ${originalVolume}.` }
  }
  const selectedNode = annotationOf(live, 'volume.kubernetes.io/selected-node')
  const note: ClaimInPlace = {
    claim: asItWas(live),
    claimUid: uid,
    volume: {
      name: volumeName,
      uid: volume.metadata.uid ?? '',
      reclaimPolicy: policyBefore(volume),
    },
    ...(selectedNode === undefined ? {} : { selectedNode }),
    at,
  }
  return { note }
}

/** The policy of a volume, or what it was before another restore wrote Retain and has not given it back. */
function policyBefore(volume: Manifest): string {
  const policy = textAt(volume, 'spec', 'persistentVolumeReclaimPolicy') || 'Retain'
  const [, before = ''] = (annotationOf(volume, inPlaceAnnotation) ?? '').split(',')
  return policy === 'Retain' && before !== '' ? before : policy
}

/**
 * The patch by which a restore takes a volume over before its claim goes: the policy Retain, and whose it is. Undefined where
 * that is so already. It fails where another writer was faster, and any patch that was decided before it fails after it.
 */
export function takeOver(live: Manifest, { reclaimPolicy }: ClaimInPlace['volume'], uid: string): object | undefined {
  const owner = `${uid},${reclaimPolicy}`
  const isRetained = textAt(live, 'spec', 'persistentVolumeReclaimPolicy') === 'Retain'
  if (isRetained && annotationOf(live, inPlaceAnnotation) === owner) return undefined
  const { uid: volumeUid, resourceVersion } = live.metadata
  return {
    metadata: { uid: volumeUid, resourceVersion, annotations: { [inPlaceAnnotation]: owner } },
    spec: { persistentVolumeReclaimPolicy: 'Retain' },
  }
}

/** Whether a restore, by its uid, gives a volume back: it has taken it over, or the volume was made anew since by the data mover. */
function isKept(live: Manifest, { volume }: ClaimInPlace, uid: string): boolean {
  const owner = annotationOf(live, inPlaceAnnotation)
  return owner === undefined ? live.metadata.uid !== volume.uid : owner.startsWith(`${uid},`)
}

/** The claim without what the server and the controller of volumes write: these annotations would call its volume lost. */
function asItWas({ apiVersion, kind, metadata, spec }: Manifest): Manifest {
  const { name, namespace, labels, ownerReferences } = metadata
  const bindings = ['pv.kubernetes.io/bind-completed', boundByController]
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => !bindings.includes(key))
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
    spec,
  }
}

/** What is known of a claim at the end of the restore. */
export interface PutBackFacts {
  /** The uid of the restore. */
  uid: string
  note: ClaimInPlace
  claim: Manifest | undefined
  volume: Manifest | undefined
  /** The data mover has ended well, so the controller of volumes is about to bind the two. */
  isFilled: boolean
  /** Nothing is waited for any more. */
  isOver: boolean
}

/** What to do next about a claim and its volume. `keep`: the volume stays as it is, with the policy Retain, and why. */
export type PutBack =
  | { do: 'leave' }
  | { do: 'wait'; because: string }
  | { do: 'keep'; problem: string }
  | { do: 'create' }
  | { do: 'patch'; patch: Record<string, unknown> }

/**
 * Decides about one claim. The first row that applies decides; what is waited for is given up when the time is over, and
 * then the volume keeps the policy Retain, since another one might delete it with its data.
 *
 * | claim | volume | |
 * |---|---|---|
 * | | belongs to another restore, or was given back | leave |
 * | | is not there | wait: the data mover may be making it anew |
 * | is away | is held by another claim | wait |
 * | is away | | create the claim as it was |
 * | is being deleted | | wait |
 * | is bound to it | has its policy | leave |
 * | is bound to it | | give it its policy back |
 * | names another volume | | keep |
 * | names it | has the reference to the claim that was deleted | free it, so that the two bind |
 * | names it, or is filled | | wait |
 * | waits for the data | | keep: the data mover has not ended well |
 */
export function decidePutBack({ uid: restoreUid, note, claim, volume, isFilled, isOver }: PutBackFacts): PutBack {
  const id = `${note.claim.metadata.namespace ?? ''}/${note.claim.metadata.name}`
  const waitOr = (because: string, why: string): PutBack =>
    isOver ? { do: 'keep', problem: keeps(note, why) } : { do: 'wait', because }
  if (volume === undefined) return waitOr(`PV ${note.volume.name} to be there`, 'it is not there any more')
  if (!isKept(volume, note, restoreUid)) return { do: 'leave' }
  const holder = fieldsAt(volume, 'spec', 'claimRef')
  const isHolder =
    holder?.['name'] === note.claim.metadata.name && holder['namespace'] === note.claim.metadata.namespace
  if (claim === undefined) {
    if (holder === undefined || isHolder) return { do: 'create' }
    const other = `PVC ${textAt(holder, 'namespace')}/${textAt(holder, 'name')}`
    return waitOr(`${other} to let go of PV ${note.volume.name}`, `${other} holds it, and PVC ${id} is not there`)
  }
  if (claim.metadata.deletionTimestamp !== undefined)
    return waitOr(`PVC ${id} to be deleted`, `PVC ${id} is being deleted`)
  const named = textAt(claim, 'spec', 'volumeName')
  const isBound = textAt(claim, 'status', 'phase') === 'Bound' && named === note.volume.name
  const { uid, resourceVersion } = volume.metadata
  if (isBound && isHolder && holder['uid'] === claim.metadata.uid) {
    const { reclaimPolicy } = note.volume
    const isAsBefore = textAt(volume, 'spec', 'persistentVolumeReclaimPolicy') === reclaimPolicy
    if (isAsBefore && annotationOf(volume, inPlaceAnnotation) === undefined) return { do: 'leave' }
    const metadata = { uid, resourceVersion, annotations: { [inPlaceAnnotation]: null } }
    return { do: 'patch', patch: { metadata, spec: { persistentVolumeReclaimPolicy: reclaimPolicy } } }
  }
  if (named !== '' && named !== note.volume.name)
    return { do: 'keep', problem: keeps(note, `PVC ${id} is bound to PV ${named}`) }
  if (named === note.volume.name && isHolder && holder['uid'] !== undefined && holder['uid'] !== claim.metadata.uid) {
    const isAuto = annotationOf(volume, boundByController) !== undefined
    const annotations = isAuto ? { annotations: { [boundByController]: null } } : {}
    const freed = { claimRef: { uid: null, resourceVersion: null } }
    return { do: 'patch', patch: { metadata: { uid, resourceVersion, ...annotations }, spec: freed } }
  }
  if (named === note.volume.name || isFilled) return waitOr(`PVC ${id} to be bound`, `PVC ${id} is not bound to it`)
  return { do: 'keep', problem: keeps(note, `its data was not restored, and PVC ${id} waits for it`) }
}

/** Names what stands, and what the user can do about it. */
function keeps({ volume: { name, reclaimPolicy } }: ClaimInPlace, why: string): string {
  if (reclaimPolicy === 'Retain') return `PV ${name} is left as it is: ${why}`
  return `PV ${name} keeps the reclaim policy Retain: ${why}. Once its PVC is bound to it, set the policy ${reclaimPolicy} again`
}
